"""``python -m services.dossiers``."""

from services.dossiers.app import build_app
from services.dossiers.settings import Settings
from shared.web.server import serve

if __name__ == "__main__":
    serve(build_app, Settings)
