"""``python -m services.agreements``: run agreements until it is told to stop."""

from services.agreements.app import build_app
from services.agreements.settings import Settings
from shared.web import serve

if __name__ == "__main__":
    serve(build_app, Settings)
