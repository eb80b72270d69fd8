"""Keep the memory that a training step frees, as the next step asks for the same again.

glibc gives large freed buffers back to the operating system, which then clears each page anew: up to a
third of a step on a CPU. Knows the C library alone; elsewhere than on glibc it does nothing.
"""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # numbers of mallopt(3)


def keep_freed_memory() -> bool:
    """Tell the C library to keep freed memory for this process.

    Returns:
        True if the library took the settings.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(_M_MMAP_MAX, 0) and libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
