"""What is done to the sound of a microphone before it is sent: no echo, less noise, an even loudness."""

from typing import Any


def processor(rate: int) -> Any | None:
    """Of WebRTC; None where it is not there."""
    try:
        from pywebrtc_audio import AudioProcessor
    except (ImportError, OSError):
        return None
    return AudioProcessor(sample_rate=rate, num_channels=1)
