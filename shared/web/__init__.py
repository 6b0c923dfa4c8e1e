"""The HTTP side that every service shares: application, commands, errors, documents, server."""

from shared.web.app import create_app
from shared.web.commands import command
from shared.web.edge import ErrorPage
from shared.web.envelopes import Accepted, Body, Page, etag, set_version
from shared.web.gate import Authenticator
from shared.web.info import ServiceInfo
from shared.web.language import Language, language_of
from shared.web.problems import Problem
from shared.web.routes import UnguardedRoute, open_routes
from shared.web.server import serve
from shared.web.settings import ServiceSettings

__all__ = [
    "Accepted",
    "Authenticator",
    "Body",
    "ErrorPage",
    "Language",
    "Page",
    "Problem",
    "ServiceInfo",
    "ServiceSettings",
    "UnguardedRoute",
    "command",
    "create_app",
    "etag",
    "language_of",
    "open_routes",
    "serve",
    "set_version",
]
