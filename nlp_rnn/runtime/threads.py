"""One thread for BLAS, the library of NumPy's matrix products, and no fork in the middle of a product.

A product of a small recurrent step is too little work to share: more threads cost more than they save.
(``nn/threads.py`` makes the other use of threads: two layers at once.)

A fork copies one thread and the locks of all: what BLAS, or this file, holds for another thread stays locked
in the child for ever, and its first product hangs. So ``os.fork`` (``multiprocessing``'s start method of that
name, too) waits until no other thread is inside ``single_threaded``, where models are computed. A fork from
outside of Python, and products of other code, are not seen: there, start processes with ``spawn``.

Knows the process's BLAS libraries; knows no models.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock, Thread, get_ident
from typing import Any

_blas_lock = Lock()
_blas: Any = None  # threadpoolctl's handles of the BLAS libraries that are loaded
_blas_users = 0
_blas_threads: list[int] = []
_computing: Counter[int] = Counter()  # by thread, how often it is inside ``single_threaded``
_forks = 0  # threads that wait to fork
_may_fork = Condition()  # guards these two, and is held while the process forks


@contextmanager
def single_threaded() -> Iterator[int]:
    """Keep BLAS to one thread within the ``with`` block, and give how many threads it had.

    The setting is the whole process's: the first caller to enter makes it, the last to leave undoes it.
    Another thread's ``os.fork`` waits until the block ends.
    """
    thread = get_ident()
    with _may_fork:
        # A fork that waits comes first, or it would wait for ever; who computes already must not wait for it.
        _may_fork.wait_for(lambda: not _forks or thread in _computing)
        _computing[thread] += 1
    try:
        yield from _with_one_thread()
    finally:
        with _may_fork:
            _computing[thread] -= 1
            if not _computing[thread]:
                del _computing[thread]
            _may_fork.notify_all()


def _with_one_thread() -> Iterator[int]:
    """Do what ``single_threaded`` does, but for the forks."""
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


def _before_fork() -> None:
    """Wait until no other thread computes, and let none begin."""
    global _forks
    _may_fork.acquire()
    _forks += 1
    thread = get_ident()
    _may_fork.wait_for(lambda: not any(other != thread for other in _computing))
    _blas_lock.acquire()


def _after_fork_in_parent() -> None:
    """Let the threads compute again."""
    global _forks
    _forks -= 1
    _blas_lock.release()
    _may_fork.notify_all()
    _may_fork.release()


def _after_fork_in_child() -> None:
    """Forget the parent's other threads: the child has this one alone."""
    global _forks
    _forks = 0
    _blas_lock.release()
    _may_fork.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )


def end_with_parent() -> None:
    """End this process, which ``multiprocessing`` started, when its parent ends, however that does."""
    from multiprocessing import connection, parent_process  # of no use to others, whose start it would slow

    parent = parent_process()
    assert parent is not None
    sentinel = parent.sentinel

    def watch() -> None:
        connection.wait([sentinel])
        os._exit(1)

    Thread(target=watch, daemon=True).start()
