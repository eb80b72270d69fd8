"""Template sentences: distinct, balanced, split cleanly, and disjoint from the negation suite."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from nlp_rnn.errors import ConfigError, DataError, InputError
from nlp_rnn.resources import data_folder
from nlp_rnn.sentiment import load_suite

pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")
from scripts.recipes.corpora import Near
from scripts.recipes.templates import (
    FOLDER,
    LABELS,
    SPLITS,
    Example,
    Frame,
    generate,
    load_frames,
    load_words,
    sentence_key,
)

ROOT = Path(__file__).resolve().parents[3]
SUITE = ROOT / "data" / "negation"
OPINIONS = ("pos", "neg", "posn", "negn", "posv", "negv", "posq", "negq", "posadv", "negadv")
NOUNS = ("ware", "wares")
FACES = {"emoji_alone", "emoji_with_words", "software", "markup", "dialogue"}  # :) and code may hold brackets
PHRASES = sorted(
    {name for name in load_words("train").lists if name[:3] in {"pos", "neg"} and "clause" not in name}
    - {*OPINIONS}
)
CLAUSE_LISTS = sorted(json.loads((FOLDER / "words_everyday_b.json").read_text(encoding="utf-8"))["lists"])
IDIOM_VERBS = {"praisev", "blamev", "praisedo", "blamedo"}
CLAUSE_SLOTS = [f"{{{name}{end}" for name in CLAUSE_LISTS for end in ("}", ":", *"23456789")]
ENDINGS = ("", "s", "es", "d", "ed", "ing", "ly", "able", "er", "est", "ness")
NEGATORS = (
    "not n't no never nobody nothing none neither hardly without cannot isn't wasn't don't didn't".split()
)
FORMS = ("thank", "please", "could not", "this one", "gone", "wish", "stars", "!", "?")
TURNS = ["no one", "no longer", "used to", "but", "yet", "although", "however", "would"]


@pytest.fixture(scope="module")
def train() -> list[Example]:
    return generate(30_000, seed=5)


@pytest.fixture(scope="module")
def dev() -> list[Example]:
    return generate(4_000, seed=5, split="dev")


@pytest.fixture(scope="module")
def suite_texts() -> list[str]:
    files = sorted(SUITE.glob("*.jsonl"))
    if not files:
        pytest.skip("data/negation has no suite files")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line]
    rows = [json.loads(line) for line in lines]
    return [text for row in rows for text in row["texts"]]


def spelled_out(text: str) -> str:
    """Lower case, straight apostrophes, every contracted or glued ``n't`` written as `` not``."""
    text = text.lower().replace("’", "'")
    text = re.sub(r"\bcan'?t\b|\bcannot\b", "can not", text)
    text = re.sub(r"\bwon'?t\b", "will not", text)
    verbs = "is|are|was|were|do|does|did|has|have|had|would|could|should|must|ai"
    text = re.sub(rf"\b({verbs})n'?t\b", r"\1 not", text)
    return " ".join(text.split()).rstrip(" .!?")


def words_in(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def literal(frame_text: str) -> str:
    """The words a frame spells out itself, without its slots."""
    return re.sub(r"\{[^}]*\}", " ", frame_text)


def pieces(frame: Frame) -> list[str]:
    """A frame's slots, groups of alternatives and what it spells out itself, in their order."""
    return re.split(r"(\([^)]*\)|\{[^}]*\})", spelled_out(frame.text))


def pattern(frame: Frame) -> re.Pattern[str]:
    """Read a frame as a pattern: each slot stands for one to four words, each group for any alternative."""
    written = ""
    for piece in pieces(frame):
        if piece.startswith("("):
            written += "(?:" + "|".join(map(escaped, piece[1:-1].split("|"))) + ")"
        else:
            written += escaped(piece)
    return re.compile(written)


def escaped(text: str) -> str:
    """A text as a pattern, each of its slots one to four words."""
    parts = re.split(r"(\{[^}]*\})", text)
    slot = r"\S+(?: \S+){0,3}?"
    return "".join(slot if part.startswith("{") else re.escape(part).replace("\\ ", " ") for part in parts)


def sentences_of(text: str) -> set[str]:
    return {spelled_out(piece) for piece in (text, *re.split(r"(?<=[.!?;])\s+", text))}


def template_words() -> set[str]:
    """Every opinion word and every reviewed noun that a slot of either split can hold."""
    ours: set[str] = set()
    for split in SPLITS:
        words = load_words(split)
        for name in (*OPINIONS, *NOUNS):
            ours.update(*map(words_in, words.lists[name]))
        for table in words.domains.values():
            for fillers in table.values():
                ours.update(*map(words_in, fillers))
    return ours


def suite_partition(kind: str) -> set[str]:
    file = SUITE / "vocabulary.json"
    if not file.is_file():
        pytest.skip("data/negation has no vocabulary.json")
    return set(json.loads(file.read_text(encoding="utf-8"))[kind])


def test_no_opinion_word_or_reviewed_noun_occurs_in_the_suite(suite_texts: list[str]) -> None:
    suite_words = set().union(*map(words_in, suite_texts))
    assert sorted(template_words() & suite_words) == []


def test_no_opinion_phrase_occurs_in_the_suite(suite_texts: list[str]) -> None:
    everything = " | ".join(map(spelled_out, suite_texts)).replace("recommend", "")  # which holds *commend*
    for split in SPLITS:
        words = load_words(split)
        phrases = [form for name in PHRASES for entry in words.lists[name] for form in entry.split(", ")]
        assert [phrase for phrase in phrases if phrase in everything] == []


def test_no_opinion_word_inflects_one_of_the_suite() -> None:
    stems = {prefix + stem for stem in suite_partition("opinion") for prefix in ("", "un")}
    inflected = {stem + end for stem in stems for end in ENDINGS}
    assert sorted(template_words() & inflected) == []


def test_no_frame_spells_out_a_word_of_the_suite_s_vocabulary() -> None:
    reserved = suite_partition("opinion") | suite_partition("reviewed_things")
    used = [(frame.text, words_in(literal(frame.text)) & reserved) for frame in load_frames()]
    assert [(text, words) for text, words in used if words] == []


def test_no_frame_matches_a_suite_text_or_a_sentence_of_one(suite_texts: list[str]) -> None:
    sentences = sorted(set().union(*map(sentences_of, suite_texts)))
    hits = []
    for frame in (*filter(spells_enough, load_frames()), *clauses()):
        own = max((piece for piece in pieces(frame) if piece[:1] not in {"{", "("}), key=len)
        matcher = pattern(frame)
        hits += [(frame.text, text) for text in sentences if own in text and matcher.fullmatch(text)]
    assert hits == []


def spells_enough(frame: Frame) -> bool:
    """Whether a frame has words of its own or no slot for a whole clause, which stands for itself."""
    written = re.findall(r"[a-z]+", re.sub(r"\([^)]*\)", " ", literal(frame.text)).lower())
    return len(written) >= 3 or not any(slot in frame.text for slot in CLAUSE_SLOTS)


def clauses() -> list[Frame]:
    """What lists of everyday clauses and phrases hold, each read as a frame if it spells out three words."""
    lists = [(name, load_words(split).lists[name]) for split in SPLITS for name in CLAUSE_LISTS]
    verbs = {filler.split(", ")[0] for name, fillers in lists if name in IDIOM_VERBS for filler in fillers}
    found = verbs | {filler for name, fillers in lists if name not in IDIOM_VERBS for filler in fillers}
    read = [Frame(filler, "neutral", "clause", "train") for filler in sorted(found)]
    return [frame for frame in read if len(words_in(literal(frame.text))) >= 3]


def test_the_pattern_of_a_frame_matches_its_own_sentences() -> None:
    frame = Frame("(the|our {things}'s) {thing} (is|was) not {pos}, they say", "negative", "local", "train")
    assert pattern(frame).fullmatch(spelled_out("Our old friends's oven is not pretty, they say."))
    assert pattern(frame).fullmatch(spelled_out("The old brick oven wasn’t pretty, they say."))
    assert not pattern(frame).fullmatch(spelled_out("The oven was pretty, they say."))


def test_no_generated_sentence_equals_a_suite_text(
    train: list[Example], dev: list[Example], suite_texts: list[str]
) -> None:
    ours = {sentence_key(example.text) for example in (*train, *dev)}
    assert ours.isdisjoint({sentence_key(text) for text in suite_texts})


def test_hardly_a_generated_sentence_is_near_a_text_of_everyday_english(
    train: list[Example], dev: list[Example]
) -> None:
    """The few that share an idiom, or are one emoji, are left out of what is learned (``mixture.build``)."""
    near = Near(text for case in load_suite(suite="everyday") for text in case.texts)
    found = [example.text for example in (*train, *dev) if near(example.text)]
    assert len(found) < 0.001 * len(train), found
    assert near("You can’t go wrong with the LAMB here")


def test_the_same_seed_gives_the_same_list_and_another_seed_another() -> None:
    assert generate(300, seed=3) == generate(300, seed=3)
    assert generate(300, seed=3) != generate(300, seed=4)


@pytest.mark.parametrize("n", [0, 1, 7, 1000])
def test_exactly_n_sentences_come_back(n: int) -> None:
    assert len(generate(n, seed=1)) == n


def test_no_sentence_comes_twice_in_whatever_surface_form(train: list[Example], dev: list[Example]) -> None:
    for examples in (train, dev):
        keys = [sentence_key(example.text) for example in examples]
        assert len(set(keys)) == len(keys)


def test_no_slot_or_alternative_is_left_open(train: list[Example], dev: list[Example]) -> None:
    either = r"{[a-z]+\d?(:[a-z]+)?}|\([^()]*\|[^()]*\)|\s[,.;:?!]+(\s|$)|^\s|\s$|(?<!\.)\.\.(?!\.)"
    strict, faces = re.compile(rf"[{{}}()|]|\s[,.;:]|\s\s|{either}"), re.compile(either)
    left = [e.text for e in (*train, *dev) if (faces if e.phenomenon in FACES else strict).search(e.text)]
    assert left == []


def test_phenomena_are_balanced_and_so_are_the_labels_of_each(train: list[Example]) -> None:
    per_phenomenon = Counter(example.phenomenon for example in train)
    assert len(per_phenomenon) >= 20
    assert max(per_phenomenon.values()) - min(per_phenomenon.values()) <= 1
    cells = Counter((example.phenomenon, example.label) for example in train)
    for phenomenon in per_phenomenon:
        counts = [cells[phenomenon, label] for label in LABELS if cells[phenomenon, label]]
        assert len(counts) in {1, 3}
        assert max(counts) - min(counts) <= 1


def test_polar_labels_are_as_frequent_as_each_other_and_neutral_is_not_rare(train: list[Example]) -> None:
    counts = Counter(example.label for example in train)
    assert set(counts) == set(LABELS)
    assert abs(counts["positive"] - counts["negative"]) < 0.01 * len(train)
    assert 0.3 < counts["neutral"] / len(train) < 0.5


@pytest.mark.parametrize("negator", [*NEGATORS, *TURNS])
def test_a_negator_alone_predicts_no_label(train: list[Example], negator: str) -> None:
    finder = re.compile(r"n'?t\b" if negator == "n't" else rf"(?<!\w){negator}(?!\w)")
    texts = [(example.text.lower().replace("’", "'"), example.label) for example in train]
    labels = [label for text, label in texts if finder.search(text)]
    assert len(labels) > 90
    shares = {label: labels.count(label) / len(labels) for label in LABELS}
    assert {label: share for label, share in shares.items() if not 0.20 <= share <= 0.47} == {}


def test_naming_an_identity_predicts_no_label(tmp_path: Path) -> None:
    for name in ("viewpoint.json", *(file.name for file in FOLDER.glob("words*.json"))):
        shutil.copy(FOLDER / name, tmp_path)
    made = generate(3600, seed=5, path=tmp_path)
    about = [example for example in made if example.phenomenon == "identity"]
    words = load_words("train").lists
    named: dict[str, list[str]] = {}
    for name in words["ident"]:
        finder = re.compile(rf"\b{name}\b", re.IGNORECASE)
        named[name] = [example.label for example in about if finder.search(example.text)]
    assert min(map(len, named.values())) >= 5
    assert Counter(len(set(labels)) for labels in named.values()) == {3: len(named)}
    for label in LABELS:
        shares = [labels.count(label) / len(labels) for labels in named.values()]
        assert max(shares) <= 0.6


def test_sentences_come_in_every_surface_form(train: list[Example]) -> None:
    texts = [example.text for example in train]
    glued, apart = r"\b(is|was|did|does)nt\b", r"\b(is|was|did|does) not\b"
    for form in ("n't", "n’t", glued, apart, r"^[A-Z]", r"^[a-z]", r"\.$", r"[a-z]$"):
        assert sum(bool(re.search(form, text)) for text in texts) > 0.01 * len(texts), form
    lengths = sorted(len(text.split()) for text in texts)
    assert lengths[len(lengths) // 100] <= 4
    assert lengths[-len(lengths) // 100] >= 18


def test_dev_shares_no_frame_and_no_opinion_word_with_train(train: list[Example]) -> None:
    frames = {split: {frame.text for frame in load_frames() if frame.split == split} for split in SPLITS}
    assert frames["train"].isdisjoint(frames["dev"])
    assert len(frames["dev"]) > 400
    words = {split: load_words(split) for split in SPLITS}
    for name in (*OPINIONS, *PHRASES):
        assert set(words["train"].lists[name]).isdisjoint(words["dev"].lists[name])
    dev_adjectives = set(words["dev"].lists["pos"]) | set(words["dev"].lists["neg"])
    for domain, table in words["dev"].domains.items():
        for kind, fillers in table.items():
            assert set(fillers).isdisjoint(words["train"].domains[domain][kind])
        dev_adjectives |= {*table["pos"], *table["neg"]}
    assert dev_adjectives.isdisjoint(set().union(*(words_in(example.text) for example in train)))


def phenomena(files: str) -> set[str]:
    """The phenomena of the template files that a pattern names."""
    found = [json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob(files)]
    return set().union(*found)


def test_everyday_english_leaves_half_of_the_sentences_to_the_other_phenomena(train: list[Example]) -> None:
    everyday = phenomena("everyday_*.json")
    share = sum(example.phenomenon in everyday for example in train) / len(train)
    assert 0.2 < share <= 0.5


def test_every_everyday_phenomenon_has_many_frames_of_either_split_and_every_label() -> None:
    everyday = phenomena("everyday_*.json")
    frames = [frame for frame in load_frames() if frame.phenomenon in everyday]
    for phenomenon in everyday:
        own = [frame for frame in frames if frame.phenomenon == phenomenon]
        for split, least in (("train", 120), ("dev", 20)):
            assert sum(frame.split == split for frame in own) >= least, (phenomenon, split)
            assert {frame.label for frame in own if frame.split == split} == set(LABELS), (phenomenon, split)


@pytest.mark.parametrize("form", FORMS)
def test_an_everyday_form_alone_predicts_no_label(train: list[Example], form: str) -> None:
    everyday = phenomena("everyday_a*.json")
    texts = [(e.text.lower(), e.label) for e in train if e.phenomenon in everyday]
    labels = [label for text, label in texts if form in text.replace("couldn't", "could not")]
    assert len(labels) > 90
    assert {label: labels.count(label) / len(labels) for label in LABELS} == pytest.approx(
        dict.fromkeys(LABELS, 1 / 3), abs=0.15
    )


def test_every_cell_has_many_frames() -> None:
    counts = Counter((frame.phenomenon, frame.label) for frame in load_frames() if frame.split == "train")
    assert {cell: count for cell, count in counts.items() if count < 15} == {}


def write(folder: Path, frames: object, words: object | None = None) -> Path:
    """Put a tiny set of templates into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "frames.json").write_text(json.dumps(frames), encoding="utf-8")
    small = {
        "lists": {
            "pos": {"train": ["snug"], "dev": ["plush"]},
            "neg": {"train": ["drafty"], "dev": ["damp"]},
            "posv": {"train": ["prize, prizes, prized, prizing"]},
            "negv": {"train": ["curse, curses, cursed, cursing"]},
            "lead": {"both": ["It was May."]},
            "trail": {"both": ["It was noon."]},
        },
        "domains": {
            "home": {"thing": {"both": ["attic"]}, "pos": {"train": ["airy"]}, "neg": {"train": ["stuffy"]}}
        },
    }
    (folder / "words.json").write_text(json.dumps(small if words is None else words), encoding="utf-8")
    return folder


def test_mirrored_frames_stand_for_both_polarities(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "t",
        {"p": {"flip": {"train": ["not {op} but {anti}"]}, "same": {"train": ["we {opv:ed} it"]}}},
    )
    assert {(frame.text, frame.label) for frame in load_frames(folder)} == {
        ("not {pos} but {neg}", "negative"),
        ("not {neg} but {pos}", "positive"),
        ("we {posv:ed} it", "positive"),
        ("we {negv:ed} it", "negative"),
    }
    texts = {(sentence_key(example.text), example.label) for example in generate(8, seed=0, path=folder)}
    assert ("we prized it", "positive") in texts
    assert ("we cursed it", "negative") in texts
    assert ("not snug but drafty", "negative") in texts


def test_adjectives_fit_the_kind_of_thing(tmp_path: Path) -> None:
    folder = write(tmp_path / "t", {"p": {"same": {"train": ["an {op} {thing}, {op2}"]}}})
    texts = {sentence_key(example.text) for example in generate(8, seed=0, path=folder)}
    assert any("airy attic, snug" in text for text in texts)
    assert not any("airy" in text and "stuffy" in text for text in texts)


def test_a_filler_may_hold_slots(tmp_path: Path) -> None:
    words = {
        "lists": {
            **LEADS,
            "firm": {"both": ["the mill"]},
            "deed": {"both": ["{firm} shut on {day}", "{deedmore}"]},
            "deedmore": {"both": ["{firm} rang on {day}"]},
            "day": {"both": ["Monday", "Friday"]},
        },
        "domains": {},
    }
    folder = write(tmp_path / "t", {"p": {"neutral": {"train": ["{deed}: {deed}, {deed2}"]}}}, words)
    keys = {sentence_key(example.text) for example in generate(4, seed=0, path=folder)}
    said = "|".join(f"the mill {verb} on {day}" for verb in ("shut", "rang") for day in ("monday", "friday"))
    assert all(re.search(rf"({said}): \1, (?!\1)({said})", key) for key in keys)


def test_a_face_keeps_its_space_and_a_line_its_break(tmp_path: Path) -> None:
    words = {"lists": {**LEADS, "face": {"both": [":)", ":'(", ";-)", "=D"]}}, "domains": {}}
    frames = {"markup": {"neutral": {"train": ["gone , now {face}\n\n> as  said {face} ."]}}}
    texts = [example.text for example in generate(4, seed=0, path=write(tmp_path / "t", frames, words))]
    assert {re.sub(r"[:;=]\S+|\.$", "", text).lower() for text in texts} == {"gone, now \n\n> as said "}


def test_a_filler_that_brings_its_mark_gets_no_stop(tmp_path: Path) -> None:
    words = {"lists": {**LEADS, "ask": {"both": ["who rang?", "come in!", "it is May"]}}, "domains": {}}
    frames = {"markup": {"neutral": {"train": ["<p>{ask}.</p>"]}}}
    texts = {
        example.text.lower() for example in generate(3, seed=0, path=write(tmp_path / "t", frames, words))
    }
    assert texts == {"<p>who rang?</p>", "<p>come in!</p>", "<p>it is may.</p>"}


def test_a_frame_in_capitals_shouts_what_fills_it(tmp_path: Path) -> None:
    frames = {"p": {"positive": {"train": ["WE ALL {posv} OUR {thing}", "OK, we {posv} the {thing}"]}}}
    texts = [example.text for example in generate(4, seed=1, path=write(tmp_path / "t", frames))]
    assert any("WE ALL PRIZE OUR ATTIC" in text for text in texts)
    assert not any("WE PRIZE THE ATTIC" in text for text in texts)


def test_a_sentence_after_a_text_without_a_stop_begins_anew(tmp_path: Path) -> None:
    frames = {"p": {"neutral": {"train": [f"{number} of ten" for number in range(200)]}}}
    texts = [example.text.lower() for example in generate(200, seed=0, path=write(tmp_path / "t", frames))]
    assert any("of ten. it was noon" in text for text in texts)
    assert not any("of ten it was noon" in text for text in texts)


def test_further_files_of_words_add_lists(tmp_path: Path) -> None:
    folder = write(tmp_path / "t", {"p": {"positive": {"train": ["a {pos} {room}"]}}})
    more = {"lists": {"room": {"both": ["porch"]}}, "domains": {}}
    (folder / "words_more.json").write_text(json.dumps(more), encoding="utf-8")
    assert sentence_key(generate(1, seed=0, path=folder)[0].text).endswith("a snug porch")


def test_a_list_in_two_files_of_words_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "t", {"p": {"positive": {"train": ["a {pos} day"]}}})
    more = {"lists": {"pos": {"both": ["warm"]}}, "domains": {}}
    (folder / "words_more.json").write_text(json.dumps(more), encoding="utf-8")
    with pytest.raises(DataError, match=r"words_more\.json.*pos"):
        generate(1, seed=0, path=folder)


def test_a_frame_can_ask_for_one_kind_of_thing(tmp_path: Path) -> None:
    words = {
        "lists": LEADS,
        "domains": {"home": {"thing": {"both": ["attic"]}}, "boat": {"thing": {"both": ["mast", "keel"]}}},
    }
    folder = write(tmp_path / "t", {"p": {"neutral": {"train": ["we saw the {thing:boat}"]}}}, words)
    texts = [example.text.lower() for example in generate(6, seed=0, path=folder)]
    assert all("mast" in text or "keel" in text for text in texts)
    write(folder, {"p": {"neutral": {"train": ["we saw the {thing:plane}"]}}}, words)
    with pytest.raises(DataError, match="'plane'"):
        generate(1, seed=0, path=folder)


def test_one_slot_cannot_be_two_kinds_of_things(tmp_path: Path) -> None:
    words = {
        "lists": LEADS,
        "domains": {"home": {"thing": {"both": ["attic"]}}, "boat": {"thing": {"both": ["mast"]}}},
    }
    frames = {"p": {"neutral": {"train": ["the {thing:boat} and the {thing:home}"]}}}
    with pytest.raises(DataError, match=r"two kinds of things in 'the \{thing:boat\}"):
        generate(1, seed=0, path=write(tmp_path / "t", frames, words))


def test_a_modifier_may_follow_a_noun_but_no_possessive(tmp_path: Path) -> None:
    words = {
        "lists": {**LEADS, "mod": {"both": ["by the gate"]}, "n": {"both": list("abcdefghijklmnop")}},
        "domains": {"home": {"thing": {"both": ["attic"]}}},
    }
    frames = {"p": {"neutral": {"train": ["the {thing}'s key fits the {thing} {n}"]}}}
    folder = write(tmp_path / "t", frames, words)
    texts = [sentence_key(example.text) for example in generate(16, seed=0, path=folder)]
    assert any("fits the attic by the gate" in text for text in texts)
    assert any("fits the attic" in text and "by the gate" not in text for text in texts)
    assert all("the attics key" in text for text in texts)


def test_short_adjectives_are_compared_in_one_word(tmp_path: Path) -> None:
    words = {
        "lists": {"w": {"both": ["calm", "orderly"]}, **LEADS},
        "domains": {},
        "compared": {"more calm": "calmer"},
    }
    folder = write(tmp_path / "t", {"p": {"neutral": {"train": ["a more {w} day"]}}}, words)
    keys = " ".join(sentence_key(example.text) for example in generate(8, seed=0, path=folder))
    assert "a calmer day" in keys
    assert "a more orderly day" in keys


def test_the_article_follows_the_word(tmp_path: Path) -> None:
    articles = ["an honest", "an ugly", "a useful", "a uniform", "an old", "a european", "an unimpressive"]
    words = {
        "lists": {"w": {"both": [article.split()[1] for article in articles]}, **LEADS},
        "domains": {},
    }
    folder = write(tmp_path / "t", {"p": {"neutral": {"train": ["a {w} lamp"]}}}, words)
    keys = {sentence_key(example.text) for example in generate(24, seed=0, path=folder)}
    for right in articles:
        assert any(f"{right} lamp" in key for key in keys), right


LEADS = {"lead": {"both": ["It was May.", "It was June."]}, "trail": {"both": ["We left.", "We stayed."]}}


def test_asking_for_more_than_there_is_says_how_many_there_are(tmp_path: Path) -> None:
    folder = write(tmp_path / "t", {"p": {"positive": {"train": ["what a {pos} day?"]}}})
    with pytest.raises(InputError, match="give 1 distinct train sentences, not 5"):
        generate(5, seed=0, path=folder)


@pytest.mark.parametrize("n", [-1, 2.5, True, "10"])
def test_a_number_that_is_none_is_refused(n: object) -> None:
    with pytest.raises(InputError, match="number of sentences"):
        generate(n, seed=0)  # type: ignore[arg-type]


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ConfigError, match="'test'"):
        generate(1, seed=0, split="test")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ({"p": {"happy": {"train": ["x"]}}}, "frames.json.*unknown label 'happy'"),
        ({"p": {"positive": {"test": ["x"]}}}, "frames.json.*unknown split 'test'"),
        (["p"], "frames.json"),
        ({"p": {"positive": {"train": ["a {missing} lamp"]}}}, "missing"),
        ({"p": {"positive": {"train": ["the {worker} came"]}}}, "worker"),
    ],
)
def test_a_malformed_template_is_named(tmp_path: Path, frames: object, message: str) -> None:
    folder = write(tmp_path / "t", frames)
    with pytest.raises(DataError, match=message):
        generate(1, seed=0, path=folder)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        load_frames(tmp_path / "nowhere")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"bad\.json"):
        load_frames(tmp_path)


def test_templates_hold_no_name_and_no_place_of_the_robustness_report() -> None:
    lists = json.loads((data_folder("robustness") / "replacements.json").read_text(encoding="utf-8"))
    filled = set().union(
        *(load_words(split).lists[slot] for split in SPLITS for slot in ("name", "city", "place", "country"))
    )
    assert filled.isdisjoint([*lists["names"]["report"], *lists["places"]["report"]])


def test_sentences_of_the_fairness_report_are_no_frames_of_the_templates() -> None:
    content = json.loads((data_folder("robustness") / "identities.json").read_text(encoding="utf-8"))
    frames = [frame for own in content["sentences"].values() for frame in own]
    slot = re.compile(r"\{[a-z0-9: ]+\}")
    own = {
        slot.sub("x", form).lower() for frame in frames for form in (frame, frame.replace("{identity} ", ""))
    }
    others = {slot.sub("x", frame.text).lower() for frame in load_frames()}
    assert own.isdisjoint(others)
