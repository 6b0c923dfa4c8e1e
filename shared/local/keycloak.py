"""A real Keycloak, for the tests of signing in: the realm of `deploy/keycloak/` on an empty database."""

import asyncio
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from shared.local.distribution import keycloak_home
from shared.local.engine import Engine
from shared.local.errors import EngineFailed
from shared.local.fetch import java_program
from shared.local.ports import LOOPBACK
from shared.local.probe import status_of

ADMIN = "admin"

# What the distribution's own script passes to the JVM, with less memory and a quicker start.
WORKERS = "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
OPENED = ("java.util", "java.util.concurrent", "java.security")


class Keycloak(Engine):
    """One Keycloak with one realm, its database in memory.

    ``realm`` is the file to import, ``placeholders`` the values of the ``${NAME}`` in it. The JVM is started
    without the distribution's script: a shell in between takes the signal to stop for itself.
    """

    name: ClassVar[str] = "keycloak"
    port_names: ClassVar[tuple[str, ...]] = ("client", "pages")

    def __init__(
        self,
        folder: Path,
        realm: Path,
        placeholders: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        """Take the folder, the realm's file, and where they matter its placeholders and the port."""
        super().__init__(folder, port)
        self._realm = realm
        self._placeholders = dict(placeholders or {})
        self._program: Path | None = None
        self.admin_password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """The address of the server, without a slash at its end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pages_url(self) -> str:
        """The address on loopback at which the realm expects the pages; free when the engine starts."""
        return f"http://{LOOPBACK}:{self.ports['pages']}"

    @property
    def issuer(self) -> str:
        """The issuer of the realm's tokens."""
        return f"{self.url}/realms/{self._realm.stem.removesuffix('-realm')}"

    def surroundings(self) -> dict[str, str]:
        """Return the placeholders of the realm, and the administrator of this run."""
        return {
            "PONTE_DASHBOARD_URL": self.pages_url,
            "PONTE_BACK_CHANNEL_URL": self.pages_url,
            **self._placeholders,
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self.admin_password,
        }

    @property
    def _home(self) -> Path:
        return self.folder / "home"

    def command(self) -> list[str]:
        """Return the JVM and its arguments; no `java` of the machine is looked for."""
        if self._program is None:
            raise EngineFailed("keycloak was not prepared.")
        return [
            str(java_program()),
            "-Xms64m",
            "-Xmx384m",
            "-XX:MaxMetaspaceSize=256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            f"-Djava.util.concurrent.ForkJoinPool.common.threadFactory={WORKERS}",
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED),
            f"-Dkc.home.dir={self._home}",
            f"-Djboss.server.config.dir={self._home / 'conf'}",
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
            "-Dpicocli.disable.closures=true",
            "-Duser.language=en",
            "-cp",
            str(self._program / "lib" / "quarkus-run.jar"),
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            "start",
            "--optimized",
            "--import-realm",
            "--http-enabled=true",
            f"--http-host={LOOPBACK}",
            f"--http-port={self.port}",
            f"--hostname={self.url}",
            "--cache=local",
            "--log-level=WARN,org.keycloak.services:INFO",
        ]

    async def prepare(self) -> None:
        """Check the distribution, and make a home of this run's own around it."""
        self._program = await asyncio.to_thread(keycloak_home)
        for folder in (self._home, self.folder / "tmp"):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        # The distribution stays as it was checked: data and settings of a run lie in a home of its own.
        for shared in ("lib", "providers", "themes"):
            (self._home / shared).symlink_to(self._program / shared)
        shutil.copytree(self._program / "conf", self._home / "conf")
        imports = self._home / "data" / "import"
        imports.mkdir(parents=True)
        shutil.copy(self._realm, imports / self._realm.name)

    async def is_ready(self, left: float) -> bool:
        """Tell whether the realm answers."""
        path = self.issuer.removeprefix(self.url) + "/.well-known/openid-configuration"
        return await status_of(self.port, path, within=min(left, 20)) == 200
