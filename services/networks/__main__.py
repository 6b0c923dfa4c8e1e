"""``python -m services.networks``."""

from services.networks.app import build_app
from services.networks.settings import Settings
from shared.web.server import serve

if __name__ == "__main__":
    serve(build_app, Settings)
