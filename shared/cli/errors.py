"""The one kind of error that the `ponte` command shows without a traceback."""


class UserError(Exception):
    """Something the person at the terminal can mend; its text is one sentence, and the exit status is 1."""
