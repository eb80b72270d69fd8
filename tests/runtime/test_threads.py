"""BLAS has one thread while anybody asks for it, and its own again afterwards."""

from __future__ import annotations

from nlp_rnn.runtime.threads import single_threaded


def test_blas_gets_its_threads_back_from_overlapping_callers() -> None:
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
