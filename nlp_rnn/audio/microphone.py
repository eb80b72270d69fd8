"""The microphone as pieces of samples (extra ``microphone``). Knows the device; knows no words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError, require

_PIECE_SECONDS = 0.05


def microphone_pieces(sample_rate: int) -> Iterator[NDArray[np.int16]]:
    """Yield what the default microphone hears, without end.

    Raises:
        InputError: If there is no microphone, or it does not know this rate.
        MissingExtraError: If the extra is not installed.
    """
    try:
        sounddevice = require("sounddevice", extra="microphone")
    except OSError:  # its own message for a missing library
        raise InputError(
            "the microphone needs the library PortAudio (Debian: apt install libportaudio2)"
        ) from None
    size = round(_PIECE_SECONDS * sample_rate)
    try:
        with sounddevice.InputStream(samplerate=sample_rate, channels=1, dtype="int16") as device:
            while True:
                samples_N1, _ = device.read(size)
                yield samples_N1[:, 0].copy()
    except sounddevice.PortAudioError as error:
        raise InputError(f"the microphone cannot be read at {sample_rate} Hz: {error}") from None
