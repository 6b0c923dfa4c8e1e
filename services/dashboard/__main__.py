"""``python -m services.dashboard``: run the dashboard until it is told to stop."""

from services.dashboard.app import build_app
from services.dashboard.settings import Settings
from shared.web import serve

if __name__ == "__main__":
    serve(build_app, Settings)
