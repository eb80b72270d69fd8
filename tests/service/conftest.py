"""One server for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.service.running import Running


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    from tests.service.running import serving

    with serving() as running:
        yield running
