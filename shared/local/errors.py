"""What can go wrong with a local run, each as one sentence for the person at the terminal."""

from shared.cli.errors import UserError


class LocalError(UserError):
    """A failure of the local run; its text is one sentence that says what to do."""


class EngineMissing(LocalError):
    """An engine's program or jars are not on this machine and could not be fetched."""


class EngineFailed(LocalError):
    """An engine did not start, did not answer in time, or ended by itself."""


class PortTaken(LocalError):
    """A port that was asked for by number is in use by another program."""

    def __init__(self, port: int, what: str, setting: str) -> None:
        """Name the port, what needs it and the setting that moves it."""
        super().__init__(f"Port {port} of {what} is in use by another program: stop it or set {setting}.")
        self.port = port


class AlreadyRunning(LocalError):
    """Another run holds the same data folder."""
