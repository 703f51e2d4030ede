"""What can go wrong with data. Every message says what to do next."""


class DataError(Exception):
    """The data asked for can't be had."""


class DamagedFileError(DataError):
    """A file is there, but what it holds is not the data set."""


class OfflineError(DataError):
    """The data set is not on this machine and can't be downloaded now."""
