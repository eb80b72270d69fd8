"""BLAS has one thread while anybody asks for it, and its own again afterwards."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from nlp_rnn.batch import pad
from nlp_rnn.errors import ConfigError
from nlp_rnn.runtime import engine, threads
from nlp_rnn.runtime.engine import NumpyEngine, make_engine
from nlp_rnn.runtime.threads import single_threaded
from tests.runtime.models import model, texts


def test_blas_gets_its_threads_back_from_overlapping_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    # Look anew which libraries there are: another test may have loaded SciPy, which has one of its own.
    monkeypatch.setattr(threads, "_blas", None)
    # If each caller saved and restored the setting by itself, this order would leave BLAS with one thread.
    from threadpoolctl import threadpool_info, threadpool_limits

    def blas_threads() -> set[int]:
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        first, second = single_threaded(), single_threaded()
        assert first.__enter__() == max(before, default=1)
        assert second.__enter__() == max(before, default=1)
        first.__exit__(None, None, None)
        assert blas_threads() <= {1}
        second.__exit__(None, None, None)
        assert blas_threads() == before


def test_a_fork_waits_until_no_other_thread_computes_and_new_ones_wait_for_it() -> None:
    order: list[str] = []
    inside, leave, go_on = threading.Event(), threading.Event(), threading.Event()

    def compute() -> None:
        with single_threaded(), single_threaded():  # the inner one must not wait for the fork
            inside.set()
            assert leave.wait(30)
            with single_threaded():
                order.append("computed")

    def fork() -> None:
        threads._before_fork()
        order.append("forked")
        threads._after_fork_in_parent()

    def compute_later() -> None:
        with single_threaded():
            order.append("computed later")
            go_on.set()

    workers = [threading.Thread(target=target) for target in (compute, fork, compute_later)]
    workers[0].start()
    assert inside.wait(30)
    workers[1].start()
    with threads._may_fork:
        threads._may_fork.notify_all()
    while not threads._forks:  # the other thread is about to wait
        pass
    workers[2].start()
    leave.set()
    for worker in workers:
        worker.join(30)
    assert go_on.is_set()
    assert order == ["computed", "forked", "computed later"]
    assert not threads._computing


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_that_was_forked_while_another_thread_computed_can_compute() -> None:
    inside, leave = threading.Event(), threading.Event()

    def compute() -> None:
        with single_threaded():
            inside.set()
            assert leave.wait(30)

    worker, timer = threading.Thread(target=compute), threading.Thread(target=lambda: until_forking(leave))
    worker.start()
    assert inside.wait(30)
    timer.start()
    child = os.fork()
    if child == 0:  # here the other thread is gone: what it held must not be held
        free = not threads._computing and not threads._blas_users and not threads._blas_lock.locked()
        os._exit(0 if free else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    worker.join(30)
    timer.join(30)


def until_forking(leave: threading.Event) -> None:
    """Let the other thread leave as soon as the fork waits for it, or, where forks do not wait, soon."""
    for _ in range(100_000):
        if getattr(threads, "_forks", 0):
            break
    leave.set()


def test_one_thread_is_the_callers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    config, weights = model(0)
    batch = pad(texts(64, longest=9), pad_id=0)
    expected = NumpyEngine(config, weights, threads=2).logits(batch)
    monkeypatch.setattr(engine, "ThreadPoolExecutor", None)
    found = make_engine(config, weights, "numpy", threads=1).logits(batch)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("name", "count"), [("numpy", 0), ("auto", -1), ("torch", 1)])
def test_impossible_numbers_of_threads_are_refused(name: str, count: int) -> None:
    with pytest.raises(ConfigError, match="threads"):
        make_engine(*model(0), name, threads=count)
