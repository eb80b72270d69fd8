"""How a folder's ``__init__.py`` lists its public names: each is imported when it is first used.

So ``import nlp_rnn.risk`` is cheap, and torch is loaded only when a name that needs it is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy(
    package: str, names: Mapping[str, Sequence[str]]
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__all__``, ``__getattr__`` and ``__dir__`` of a package (PEP 562).

    Args:
        package: The package's ``__name__``.
        names: The public names that each of its modules has, by the module's path from the package.
    """
    homes = {name: f"{package}.{module}" for module, own in names.items() for name in own}

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}; it has {', '.join(sorted(homes))}"
            )
        try:
            module = importlib.import_module(homes[name])
        except ModuleNotFoundError as error:
            from nlp_rnn.errors import without_extra  # here alone, so that a face imports nothing

            raise without_extra(error, f"{package}.{name}") from None
        return getattr(module, name)

    return sorted(homes), find, lambda: sorted(homes)
