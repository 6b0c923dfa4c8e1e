"""``python -m services.dossiers``: run dossiers until it is told to stop."""

from services.dossiers.app import build_app
from services.dossiers.settings import Settings
from shared.web import serve

if __name__ == "__main__":
    serve(build_app, Settings)
