"""One thread for BLAS, the library of NumPy's matrix products.

A product of a small recurrent step is too little work to share: more threads cost more than they save.
(``nn/threads.py`` makes the other use of threads: two layers at once.)

Knows the process's BLAS libraries; knows no models.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

_blas_lock = Lock()
_blas: Any = None  # threadpoolctl's handles of the BLAS libraries that are loaded
_blas_users = 0
_blas_threads: list[int] = []


@contextmanager
def single_threaded() -> Iterator[int]:
    """Keep BLAS to one thread within the ``with`` block, and give how many threads it had.

    The setting is the whole process's: the first caller to enter makes it, the last to leave undoes it.
    """
    global _blas, _blas_users, _blas_threads
    with _blas_lock:
        if _blas is None:
            from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

            _blas = ThreadpoolController().select(user_api="blas").lib_controllers
        if _blas_users == 0:
            _blas_threads = [library.num_threads for library in _blas]
            for library in _blas:
                library.set_num_threads(1)
        _blas_users += 1
        cores = max(_blas_threads, default=1)
    try:
        yield cores
    finally:
        with _blas_lock:
            _blas_users -= 1
            if _blas_users == 0:
                for library, threads in zip(_blas, _blas_threads, strict=True):
                    library.set_num_threads(threads)
