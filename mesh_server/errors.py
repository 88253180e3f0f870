"""What an operator is told where the server cannot do what it was started for."""


class CannotStart(Exception):
    """One sentence for the operator."""


class FolderHeld(CannotStart):
    """Another process works on the data folder."""
