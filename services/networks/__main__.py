"""``python -m services.networks``: run networks until it is told to stop."""

from services.networks.app import build_app
from services.networks.settings import Settings
from shared.web import serve

if __name__ == "__main__":
    serve(build_app, Settings)
