"""Microphones and loudspeakers, by PortAudio, where it is there."""

from typing import Any, Final

NO_LIBRARY: Final = (
    "No sound library (PortAudio) was found, so no microphone or loudspeaker can be used; "
    "files and tones work, and so does watching."
)


class Unusable(Exception):
    """`text`: a sentence."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def library() -> Any:
    """Raises: Unusable."""
    try:
        import sounddevice
    except (ImportError, OSError):
        raise Unusable(NO_LIBRARY) from None
    return sounddevice
