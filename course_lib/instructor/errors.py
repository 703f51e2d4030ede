"""What is said to the instructor, and ends the command."""


class BadUsage(Exception):
    """What was asked for can't be; the message says what to do."""


class NoSandbox(Exception):
    """No sandbox can be had here; the message says what to install."""
