"""What is done to the sound of a microphone before it is sent: no echo, less noise, an even loudness."""

from typing import Any, Final

import numpy as np

from mesh_agent.media.opus import RATE, Samples

NO_LIBRARY: Final = "Echo and noise are not taken out of what the microphone hears: use headphones."


class Processor:
    """By WebRTC's audio processing. Raises: ImportError: it is not there."""

    def __init__(self) -> None:
        try:
            from pywebrtc_audio import AudioProcessor
        except OSError as error:
            raise ImportError(str(error)) from None
        self._inner: Any = AudioProcessor(
            sample_rate=RATE,
            num_channels=1,
            echo_cancellation=True,
            noise_suppression=True,
            high_pass_filter=True,
            auto_gain_control=True,
        )

    def process(self, said: Samples, played: Samples) -> Samples:
        """`said` as the microphone heard it, while the loudspeaker played `played`."""
        out: Samples = np.asarray(self._inner.process(said, played), np.float32)
        return out
