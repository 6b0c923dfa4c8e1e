"""``python -m services.agenda``: run the agenda until it is told to stop."""

from services.agenda.app import build_app
from services.agenda.settings import Settings
from shared.web import serve

if __name__ == "__main__":
    serve(build_app, Settings)
