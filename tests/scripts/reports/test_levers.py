"""The report of what each lever of training gives alone."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("sklearn", reason="training needs the train extra")

pytest.importorskip("scripts.reports", reason="the scripts are not beside these tests")
from scripts.recipes.mixture import Mixture
from scripts.reports import levers


def _figures(points: float) -> dict[str, float]:
    return dict.fromkeys(levers.COLUMNS, points / 100)


def test_a_lever_is_compared_with_the_plain_recipe_of_the_same_seed() -> None:
    found = {
        "plain": [_figures(60), _figures(80)],
        "edited reviews": [_figures(62), _figures(83)],
        "dropped words": [_figures(59), _figures(80)],
    }
    lever, *columns = levers.table_of(found).columns
    assert list(lever.cells) == list(found)
    for column in columns:
        assert list(column.cells) == ["70.0 ± 10.0", "+2.5 ± 0.5", "-0.5 ± 0.5"]


def test_a_model_is_found_again_for_the_same_texts_and_lever_alone(tmp_path: Path) -> None:
    def folder(lever: str, *, seed: int = 0, review: str = "bad soup") -> Path:
        sources = {"imdb": (["good soup", review], ["positive", "negative"]), "sst_sentences": ([], [])}
        lessons = levers.SeedTexts.draw(Mixture(sources, {}, [], {}, ["a soup"]), seed)
        return lessons.folder(tmp_path, levers.LEVERS[lever])

    assert folder("plain") == folder("plain")
    others = {folder("plain"), folder("pairing"), folder("plain", seed=1), folder("plain", review="no soup")}
    assert len(others) == 4
