"""The keyword spotter: it learns, it saves, and a stream's detections do not depend on its pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import KeywordSpotter
from nlp_rnn.audio.detection import Detection
from nlp_rnn.audio.stretches import glue
from nlp_rnn.config import SpotterTrainConfig
from nlp_rnn.errors import ArtifactError, ConfigError, InputError, NotFittedError
from tests.audio.sounds import RATE, as_int16, corpus, sound, write_wav

QUICK = SpotterTrainConfig(max_epochs=1, patience=1, batch_size=8, stretch_seconds=1.0)


@pytest.fixture(scope="module")
def spotter(spotter_folder: Path) -> KeywordSpotter:
    return KeywordSpotter.from_pretrained(spotter_folder)


@pytest.fixture(scope="module")
def stretch() -> np.ndarray:
    words = ["rise", "unknown", "fall", "silence", "rise", "fall", "unknown"]
    clips = [sound(word, 5_000 + number) for number, word in enumerate(words)]
    return glue(clips, words, np.random.default_rng(0), sample_rate=RATE, gap=(0.3, 0.6))[0]


def test_it_tells_new_clips_apart(spotter: KeywordSpotter) -> None:
    clips, labels = corpus(10, first=9_000)
    assert spotter.classes_.tolist() == ["fall", "rise", "silence", "unknown"]
    assert (spotter.predict(clips) == np.array(labels)).mean() > 0.9
    probabilities = spotter.predict_proba(clips)
    assert probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_answers_do_not_depend_on_company_or_order(spotter: KeywordSpotter) -> None:
    clips, _ = corpus(3, first=7_000)
    together = spotter.predict_proba(clips)
    alone = np.concatenate([spotter.predict_proba([clip]) for clip in clips])
    assert np.allclose(together, alone, atol=1e-6)
    assert np.allclose(spotter.predict_proba(clips[::-1])[::-1], together, atol=1e-6)
    assert spotter.predict_proba([]).shape == (0, 4)


def test_it_hears_words_in_a_stream(spotter: KeywordSpotter, stretch: np.ndarray) -> None:
    found = spotter.detect(stretch, threshold=0.4)
    assert [each.word for each in found] == ["rise", "fall", "rise", "fall"]
    assert all(0.4 <= each.confidence <= 1 for each in found)
    assert spotter.keywords_.tolist() == ["fall", "rise"]


@pytest.mark.parametrize("size", [1, 37, 160, 4_001, 10**6])
def test_pieces_of_any_size_give_identical_detections(
    spotter: KeywordSpotter, stretch: np.ndarray, size: int
) -> None:
    samples = as_int16(stretch)[: 2 * RATE if size == 1 else None]
    whole = spotter.detect(samples, threshold=0.05)
    pieces = (samples[at : at + size] for at in range(0, len(samples), size))
    assert len(whole) >= 2
    assert list(spotter.stream(pieces, threshold=0.05)) == whole


def test_a_detection_comes_before_the_stream_ends(spotter: KeywordSpotter, stretch: np.ndarray) -> None:
    def pieces() -> Any:
        for at in range(0, len(stretch), 400):
            heard.append(at / RATE)
            yield stretch[at : at + 400]

    heard: list[float] = []
    first = next(spotter.stream(pieces(), threshold=0.4))
    assert isinstance(first, Detection)
    assert heard[-1] - first.time < 0.6


def test_scores_are_of_each_step(spotter: KeywordSpotter, stretch: np.ndarray) -> None:
    scores = spotter.scores(stretch)
    assert scores.shape == (1 + (len(stretch) - 280) // 160, 2)
    assert 0 <= scores.min() <= scores.max() <= 1
    assert (spotter.scores(stretch[: 3 * RATE]) == scores[: 1 + (3 * RATE - 280) // 160]).all()


def test_saved_and_loaded_it_is_the_same(spotter: KeywordSpotter, tmp_path: Path) -> None:
    clips, _ = corpus(2, first=3_000)
    again = KeywordSpotter.from_pretrained(spotter.save_pretrained(tmp_path / "model"))
    assert (again.predict_proba(clips) == spotter.predict_proba(clips)).all()
    assert again.threshold == spotter.threshold
    assert "sound at 8000 Hz" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def test_a_changed_threshold_is_noticed(spotter_folder: Path, tmp_path: Path) -> None:
    for file in spotter_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = (tmp_path / "config.json").read_text(encoding="utf-8")
    config = config.replace('"threshold": 0', '"threshold": 1', 1)
    (tmp_path / "config.json").write_text(config, encoding="utf-8")
    with pytest.raises(ArtifactError):
        KeywordSpotter.from_pretrained(tmp_path)


def test_clips_may_be_files(spotter: KeywordSpotter, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "rise.wav", sound("rise", 42))
    assert spotter.predict([path, str(path)]).tolist() == ["rise", "rise"]


def test_the_same_seed_gives_the_same_model() -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    clips, labels = corpus(4)
    first, again = (
        KeywordSpotter(hidden_size=4, bands=8).fit(clips, labels, validation=(clips, labels), config=QUICK)
        for _ in range(2)
    )
    weights = first.artifact.weights
    assert all((weights[name] == array).all() for name, array in again.artifact.weights.items())
    assert first.threshold == again.threshold


@pytest.fixture(autouse=True)
def short_choice_of_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    monkeypatch.setattr("nlp_rnn.audio.fitting._MINUTES", 0.2)


def test_whole_groups_are_held_out() -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    from nlp_rnn.audio.fitting import split_clips

    groups = ["a", "b", "c", "d"] * 5
    held = split_clips(["x"] * 20, groups, SpotterTrainConfig(validation=0.3))
    assert {group for group, out in zip(groups, held, strict=True) if out} & {
        group for group, out in zip(groups, held, strict=True) if not out
    } == set()
    assert held.sum() == 10
    by_label = split_clips(["x"] * 10 + ["y"] * 10, None, SpotterTrainConfig(validation=0.2))
    assert (by_label[:10].sum(), by_label[10:].sum()) == (2, 2)


def test_step_targets_name_a_word_around_its_end() -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    from nlp_rnn.audio.fitting import Clips
    from nlp_rnn.audio.stretches import Spoken
    from nlp_rnn.config import SpotterConfig

    clips = Clips([], [], SpotterConfig(classes=("fall", "rise", "unknown")))
    target = clips.step_targets(100, [Spoken("unknown", 0.1, 0.4), Spoken("rise", 1.0, 1.4)])
    ends = 0.035 + 0.02 * np.arange(100)
    assert set(target[ends < 1.19]) == {0}
    assert set(target[(ends > 1.33) & (ends < 1.51)]) == {2}
    assert set(target[(ends > 1.21) & (ends < 1.31)]) == {-100}
    assert set(target[ends > 1.71]) == {0}


CLIPS = [sound("rise", 1), sound("fall", 2)]


@pytest.mark.parametrize(
    ("clips", "labels", "options", "message"),
    [
        (CLIPS, ["rise"], {}, "there are 2 clips and 1 labels"),
        (CLIPS, ["rise", "rise"], {}, "all clips are labelled 'rise'"),
        ([], [], {}, "there are no clips"),
        (CLIPS, ["unknown", "silence"], {}, "alone: give clips of a keyword"),
        (CLIPS, ["rise", "fall"], {}, "at least two clips of each word"),
        (CLIPS, [1, 2], {}, "must be a str, got int"),
        (CLIPS, ["rise", "fall"], {"groups": ["a"]}, "2 clips and 1 groups"),
        (CLIPS, ["rise", "fall"], {"groups": ["a", "a"]}, "all clips are of one group"),
        (CLIPS, ["rise", "fall"], {"validation": (CLIPS, ["rise", "no"])}, "is labelled 'no'"),
        (sound("rise", 1), ["rise"] * 9, {}, "got samples: put them in a list"),
        ([np.zeros(9, np.int16), CLIPS[0]], ["a", "b"], {}, r"clips\[0\] has 9 samples .* leave out shorter"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(
    clips: Any, labels: Any, options: dict[str, Any], message: str
) -> None:
    if len(labels) == 9:
        labels = ["rise"] * len(clips)
    with pytest.raises(InputError, match=message):
        KeywordSpotter().fit(clips, labels, config=QUICK, **options)


def test_before_fit_and_bad_settings() -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        KeywordSpotter().predict(CLIPS)
    with pytest.raises(NotFittedError):
        KeywordSpotter().stream([])
    with pytest.raises(ConfigError, match="sample_rate"):
        KeywordSpotter(sample_rate=100)
    with pytest.raises(InputError, match="no keyword spotter comes with the package"):
        KeywordSpotter.from_pretrained()


def test_bad_calls_are_refused_at_once(spotter: KeywordSpotter) -> None:
    with pytest.raises(ConfigError, match="threshold"):
        spotter.stream([], threshold=2)
    with pytest.raises(ConfigError, match="sample_rate"):
        spotter.stream([], sample_rate=0)
    with pytest.raises(InputError, match="put it in a list"):
        spotter.predict("a.wav")
