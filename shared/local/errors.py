"""What can go wrong with a local engine, each as one sentence for the person at the terminal."""


class LocalError(Exception):
    """A failure of the local run; its text is one sentence that says what to do."""


class EngineMissing(LocalError):
    """An engine's program or jars are not on this machine and could not be fetched."""


class EngineFailed(LocalError):
    """An engine did not start, did not answer in time, or ended by itself."""


class PortTaken(LocalError):
    """A port that was asked for by number is in use by another program."""


class AlreadyRunning(LocalError):
    """Another run holds the same data folder."""
