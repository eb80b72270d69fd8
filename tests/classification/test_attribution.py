"""Explanations: credit goes where a known model takes its answer from, and is shown where it belongs."""

from __future__ import annotations

import functools
import html
import itertools
import json
import math
import re

import numpy as np
import pytest

from nlp_rnn.classification.attribution import MAX_UNITS, METHODS, explain, with_pauses
from nlp_rnn.errors import ConfigError, InputError
from nlp_rnn.probabilities import softmax
from nlp_rnn.text.tokenizer import TextTokenizer

THREE = ("negative", "neutral", "positive")
WORTH = {"good": 2.0, "great": 3.0, "bad": -2.0, "awful": -3.0}
NEGATIONS = ("not", "n't")
TRAINED = TextTokenizer("word").train(
    ["the movie was not good, it didn't work; a great cast and an awful end: bad & slow!"]
)


def rule(tokenizer: TextTokenizer):
    """A model we know: words have a worth, and a negation turns the worth of all words after it."""
    vocab = tokenizer.vocab

    def probs_of(rows):
        logits = []
        for row in rows:
            total, sign = 0.0, 1.0
            for word in (vocab[i] for i in row):
                sign = -sign if word in NEGATIONS else sign
                total += sign * WORTH.get(word, 0.0)
            logits.append([-total, 0.5, total])
        return softmax(np.array(logits))

    return probs_of


def why(text, **options):
    options = {"tokenizer": TRAINED, "probs_of": rule(TRAINED), "classes": THREE} | options
    return explain(text, **options)


@pytest.mark.parametrize("method", METHODS)
def test_the_word_that_decides_gets_the_credit(method):
    found = why("The movie was great, it did work.", method=method)
    assert found.label == "positive"
    assert found.tokens[int(found.attributions.argmax())] == "great"
    others = np.delete(found.attributions, found.tokens.index("great"))
    assert found.attributions.max() > 0.9
    assert np.abs(others).max() < 1e-9


def test_a_negation_pulls_to_the_other_side():
    found = why("Movie was not good")
    assert found.label == "negative"
    assert found.target == "polarity"
    assert found.tokens == ("movie", "was", "not", "good")
    effect = dict(zip(found.tokens, found.attributions, strict=True))
    assert min(effect, key=effect.get) == "not"
    # Without "not" the polarity would be that of "good": the effect is the distance between the two.
    assert effect["not"] == pytest.approx(found.polarity - why("Movie was good").polarity)
    assert effect["movie"] == effect["was"] == 0


def test_occlusion_reads_the_text_without_the_token():
    found = why("not good and not bad", target="positive")
    for t in range(5):
        ids = TRAINED.encode("not good and not bad").ids
        ids[t] = TRAINED.unk_id
        assert found.attributions[t] == pytest.approx(found.probabilities[2] - rule(TRAINED)([ids])[0][2])


@pytest.mark.parametrize(
    "text", ["not good", "the movie was not good , it was awful and bad !", "good " * 30]
)
def test_shapley_attributions_sum_to_what_the_text_changed(text):
    found = why(text, method="shapley", samples=16, seed=5)
    assert found.attributions.sum() == pytest.approx(found.polarity - found.baseline, abs=1e-9)
    nothing = [TRAINED.unk_id] * len(found.tokens)
    assert found.baseline == pytest.approx(rule(TRAINED)([nothing])[0] @ [-1, 0, 1])


def shapley_by_definition(value, players):
    """Shapley's own formula: weighted marginal contributions over all subsets."""
    credit = np.zeros(players)
    for player in range(players):
        others = [p for p in range(players) if p != player]
        for size in range(players):
            weight = 1 / (players * math.comb(players - 1, size))
            for subset in itertools.combinations(others, size):
                credit[player] += weight * (value({*subset, player}) - value(set(subset)))
    return credit


def test_shapley_is_exact_for_few_tokens_and_near_for_more():
    ids = TRAINED.encode("was not good , awful").ids

    def value(kept):
        row = [token if place in kept else TRAINED.unk_id for place, token in enumerate(ids)]
        return float(rule(TRAINED)([row])[0] @ [-1, 0, 1])

    by_definition = shapley_by_definition(value, len(ids))
    exact = why("was not good , awful", method="shapley", samples=120)
    sampled = why("was not good , awful", method="shapley", samples=119, seed=1)
    assert exact.attributions == pytest.approx(by_definition)
    assert sampled.attributions == pytest.approx(by_definition, abs=0.15)
    assert not np.allclose(sampled.attributions, by_definition)


def test_shapley_shares_credit_that_occlusion_does_not_see():
    capped = {"tokenizer": TRAINED, "classes": ["negative", "positive"]}
    good = TRAINED.token_to_id("good")

    def any_good(rows):
        return np.array([[0.1, 0.9] if good in row else [0.5, 0.5] for row in rows])

    seen = explain("good good", probs_of=any_good, **capped)
    shared = explain("good good", probs_of=any_good, method="shapley", **capped)
    assert seen.attributions.tolist() == [0, 0]
    assert shared.attributions.tolist() == pytest.approx([0.4, 0.4])


def test_the_seed_decides_the_sample():
    text = "not good but not bad , awful , great , not slow"
    one, same, other = (why(text, method="shapley", samples=4, seed=seed).attributions for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_the_trajectory_is_the_answer_to_every_prefix():
    found = why("the movie was great, but not good!")
    ids = TRAINED.encode("the movie was great, but not good!").ids
    alone = np.concatenate([rule(TRAINED)([ids[: t + 1]]) for t in range(len(ids))])
    assert found.trajectory == pytest.approx(alone)
    assert (found.trajectory[-1] == found.probabilities).all()
    assert found.trajectory[-1] == pytest.approx(rule(TRAINED)([ids])[0])


def test_the_trajectory_flips_where_the_meaning_does():
    found = why("great, not great great")
    answers = [THREE[c] for c in found.trajectory.argmax(axis=1)]
    assert answers == ["positive", "positive", "positive", "neutral", "negative"]


def test_spans_point_into_the_original_string():
    text = "  The MOVIE didn’t\twork <br /> good 😀!"
    found = why(text)
    pieces = [text[start:end] for start, end in found.spans]
    assert pieces[:5] == ["The", "MOVIE", "did", "n’t", "work"]
    assert "good" in pieces
    assert all(after[0] >= before[1] for before, after in itertools.pairwise(found.spans))


def test_an_unknown_word_is_shown_as_it_stands():
    assert why("good zyzzyva").tokens == ("good", "zyzzyva")


def test_the_target_can_be_a_class():
    found = why("the movie was awful", target="negative")
    assert found.target == "negative"
    assert found.tokens[int(found.attributions.argmax())] == "awful"


def test_without_polarity_the_answer_is_explained():
    good = TRAINED.token_to_id("good")

    def ham(rows):
        return np.array([[0.2, 0.8] if good in row else [0.6, 0.4] for row in rows])

    found = explain("a good end", tokenizer=TRAINED, probs_of=ham, classes=["ham", "spam"])
    assert (found.label, found.target) == ("spam", "spam")
    assert math.isnan(found.polarity)
    assert found.attributions.tolist() == pytest.approx([0, 0.4, 0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", ["", " \n ", "<br />"])
def test_a_text_without_tokens_is_one_unknown_token(text, method):
    found = why(text, method=method)
    assert found.trajectory.shape == (1, 3)
    assert found.attributions.tolist() == [0]
    assert found.label == "neutral"
    assert found.baseline == pytest.approx(found.polarity)
    assert html.escape(text) in found.to_html()


def counting(probs_of):
    """The same model, noting how many rows it was asked about."""
    asked: list[int] = []

    def counted(rows):
        asked.append(len(rows))
        return probs_of(rows)

    return counted, asked


@pytest.mark.parametrize(("method", "most"), [("occlusion", 2 * 20 + 1), ("shapley", 20 + 20 * 8 + 1)])
def test_a_long_text_costs_a_bounded_number_of_questions(method, most, monkeypatch):
    monkeypatch.setitem(MAX_UNITS, method, 20)
    text = "the movie was slow , " * 99 + "and the end was awful !"
    probs_of, asked = counting(rule(TRAINED))
    found = why(text, probs_of=probs_of, method=method, samples=8)
    assert sum(asked) <= most
    assert len(found.tokens) == len(found.spans) == len(found.trajectory) == len(found.attributions) == 20
    assert found.tokens[int(found.attributions.argmin())].endswith("awful !")
    sizes = [len(token.split(" ")) for token in found.tokens]
    assert sum(sizes) == len(TRAINED.encode(text).ids)
    assert max(sizes) - min(sizes) <= 2
    assert (found.spans[0][0], found.spans[-1][1]) == (0, len(text))
    assert (found.trajectory[-1] == found.probabilities).all()


def test_a_very_long_text_costs_no_more_than_its_length_times_the_fewest_units():
    read = []

    def counted(rows):
        read.append(sum(map(len, rows)))
        return rule(TRAINED)(rows)

    cost = {}
    for words in (400, 800, 3_200):
        found = why("slow " * words, probs_of=counted)
        cost[len(found.tokens)] = sum(read)
        read.clear()
    assert [*cost] == [256, 163, 64]
    assert cost[163] < 1.6 * 163 * 800
    assert cost[64] < 1.6 * 64 * 3_200


def test_no_unit_reaches_across_what_the_tokenizer_left_out(monkeypatch):
    monkeypatch.setitem(MAX_UNITS, "occlusion", 7)
    tokenizer = TextTokenizer.from_json(TRAINED.to_json(), kind="word", max_tokens=50)
    text = "good start , " * 20 + "slow " * 3000 + ", awful end !" * 20
    found = explain(text, tokenizer=tokenizer, probs_of=rule(tokenizer), classes=THREE)
    assert max(end - start for start, end in found.spans) < 200
    assert "characters not read" in found.to_html()
    assert len(found.to_html()) < 10_000


def test_questions_come_in_calls_of_bounded_size(monkeypatch):
    monkeypatch.setattr("nlp_rnn.classification.attribution._CALL_TOKENS", 40)
    probs_of, asked = counting(rule(TRAINED))
    found = why("the movie was not good , it was awful", probs_of=probs_of)
    # 45 ids of prefixes, 81 of occlusions and the baseline, at most 40 in a call.
    assert 6 <= len(asked) <= 8
    assert found.attributions == pytest.approx(why("the movie was not good , it was awful").attributions)


def test_a_long_text_is_not_asked_about_all_at_once():
    probs_of = rule(TRAINED)
    most = 0

    def counted(rows):
        nonlocal most
        most = max(most, sum(map(len, rows)))
        return probs_of(rows)

    why("the movie was slow , " * 100, probs_of=counted)
    assert most <= 40_000


@pytest.mark.parametrize("kind", ["word", "subword", "char", "byte"])
def test_every_tokenizer_can_be_explained_and_shown(kind, tmp_path):
    text = "Not bad, é 😀\n<3 $x$ \x1b[31m"
    tokenizer = TextTokenizer(kind, vocab_size=300).train([text, "not bad at all"])
    bad = tokenizer.encode("bad").ids[-1]

    def probs_of(rows):
        return np.array([[0.7, 0.2, 0.1] if bad in row else [0.2, 0.5, 0.3] for row in rows])

    found = explain(text, tokenizer=tokenizer, probs_of=probs_of, classes=THREE)
    shown = terminal(found)
    assert "\x1b[31m" not in shown
    assert "\x1b" not in found.to_html()
    assert found.plot(tmp_path / f"{kind}.png").stat().st_size > 5_000


def visible(page: str) -> str:
    """The highlighted paragraph of a page as a reader sees it."""
    paragraph = re.search(r"pre-wrap[^>]*>(.*?)</p>", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", paragraph.group(1)))


@pytest.mark.parametrize(
    "text",
    [
        "Not good.",
        "a  <script>alert(1)</script>\n\tgood & \"bad\" 'x' 😀 didn’t",
        "cannot   stand it!! \n",
        "<b>",
        "  ",
    ],
)
def test_html_shows_the_text_and_nothing_of_it_as_markup(text):
    page = why(text).to_html()
    assert visible(page) == text
    assert "<script>" not in page
    assert re.search(r"(src|href)=", page) is None


def test_html_escapes_class_names():
    def probs_of(rows):
        return np.array([[0.9, 0.1]] * len(rows))

    found = explain("good", tokenizer=TRAINED, probs_of=probs_of, classes=["<i>x</i>", "y"])
    assert "<i>" not in found.to_html()
    assert "&lt;i&gt;x" in found.to_html()


BLUE, RED = "#2687be", "#db7626"


def test_html_colours_by_the_side_a_token_pulls_to():
    page = why("the movie was awful").to_html()
    assert re.search(rf'background:{RED}[^>]*title="-0[^>]*>awful<', page)
    assert re.search(r'<span title="\+0.000">movie<', page)
    assert re.search(rf"background:{BLUE}[^>]*>great<", why("a great cast").to_html())


def test_red_means_negative_also_when_negative_is_explained():
    page = why("the movie was awful", target="negative").to_html()
    assert re.search(rf'background:{RED}[^>]*title="\+0[^>]*>awful<', page)


def terminal(found, *, colour: bool = False) -> str:
    """What a terminal of 100 columns is sent."""
    console_module = pytest.importorskip("rich.console")
    console = console_module.Console(
        width=100, force_terminal=colour, color_system="truecolor" if colour else None, legacy_windows=False
    )
    with console.capture() as capture:
        console.print(found)
    return capture.get()


def test_the_terminal_shows_answer_text_and_table():
    shown = terminal(why("Movie was not good [bold]"))
    assert shown.startswith("negative 0.81  (polarity -0.79)")
    assert "Movie was not good [bold]" in shown
    row = next(line for line in shown.splitlines() if line.startswith("not "))
    assert re.search(r"-1\.\d{3}", row)
    assert "negative so far" in shown


def test_the_terminal_is_coloured_where_it_can_be():
    assert "\x1b[30;48;2;38;135;190m" + "great" in terminal(why("a great cast"), colour=True)


def test_a_long_text_has_no_table():
    assert "so far" not in terminal(why("the movie was good , " * 30))


@pytest.mark.parametrize("words", [1, 60, 300])
def test_plot_writes_a_picture(tmp_path, words):
    found = why(" ".join(["not", "good", "$", "😀", "漢字"][i % 5] for i in range(words)))
    path = found.plot(tmp_path / "why.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size > 5_000


def test_plot_reads_no_formula_in_words_or_class_names(tmp_path, monkeypatch):
    monkeypatch.setitem(MAX_UNITS, "occlusion", 1)
    names = [r"$\nomath$", "y"]
    options = {"tokenizer": TRAINED, "classes": names, "target": names[0]}
    found = explain("$^^$", probs_of=lambda rows: np.array([[0.9, 0.1]] * len(rows)), **options)
    assert found.tokens == ("$ ^ ^ $",)
    assert found.plot(tmp_path / "why.png").stat().st_size > 5_000


def test_to_dict_is_plain_json():
    found = json.loads(json.dumps(why("Movie was not good").to_dict(), allow_nan=False))
    assert found["label"] == "negative"
    assert found["tokens"] == ["movie", "was", "not", "good"]
    assert found["spans"][2] == [10, 13]
    assert np.shape(found["trajectory"]) == (4, 3)
    assert len(found["attributions"]) == 4


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"target": "meh"},
            InputError,
            "Received: 'meh'; it should be one of negative, neutral, positive, polarity",
        ),
        ({"method": "magic"}, ConfigError, "it should be one of occlusion, shapley"),
        ({"samples": 0}, ConfigError, "samples"),
        ({"seed": -1}, ConfigError, "seed"),
        ({"classes": ["a", "b"]}, InputError, "3 columns for 2 classes"),
        ({"probs_of": lambda rows: np.zeros((len(rows), 3))}, InputError, "sum to 1"),
        ({"probs_of": lambda rows: np.full((1, 3), 1 / 3)}, InputError, "answered 1 rows for 2 rows of ids"),
        ({"classes": ["a", "b", "c"], "target": "polarity"}, InputError, "should be one of a, b, c"),
    ],
)
def test_bad_input_is_one_clear_sentence(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        why("not good", **options)


@pytest.mark.parametrize("text", [None, 3, ["good"], b"good"])
def test_a_text_is_a_str(text):
    with pytest.raises(InputError, match="str"):
        why(text)


WORTHS = {
    "good": 1,
    "great": 1,
    "fine": 1,
    "bad": -1,
    "awful": -1,
    "slow": -1,
    "long": 0,
    "green": 0,
    "loud": 0,
}


def made_up(count, rng):
    """Sentences of one to three clauses, a third of them negated, and the class of their sum."""
    sentences = []
    for _ in range(count):
        clauses, total = [], 0
        for _ in range(rng.integers(1, 4)):
            word, thing = rng.choice(list(WORTHS)), rng.choice(["movie", "cast", "end", "music"])
            negated = rng.random() < 0.35
            clauses.append(f"the {thing} was {'not ' if negated else ''}{word}")
            total += WORTHS[word] * (-1 if negated else 1)
        sentences.append((" and ".join(clauses), 1 + int(np.sign(total))))
    return sentences


@functools.cache
def trained_model(seed):
    """A tiny BiLSTM that has learned made-up sentences, and sentences to ask it about."""
    torch = pytest.importorskip("torch", reason="compares with a torch model")
    from nlp_rnn.batch import pad
    from nlp_rnn.config import ModelConfig
    from nlp_rnn.nn.classifier import BiLSTMClassifier

    rng = np.random.default_rng(seed)
    texts, labels = zip(*made_up(150, rng), strict=True)
    tokenizer = TextTokenizer("word").train(texts)
    config = ModelConfig(vocab_size=tokenizer.vocab_size, num_classes=3, embedding_dim=16, hidden_size=16)
    batch = pad(tokenizer.encode_batch(texts), pad_id=tokenizer.pad_id)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BiLSTMClassifier(config, unk_id=tokenizer.unk_id, unk_dropout=0.3)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(120):
            loss = torch.nn.functional.cross_entropy(model(batch), torch.tensor(labels), label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()

    def probs_of(rows):
        with torch.inference_mode():
            return softmax(model(pad(rows, pad_id=tokenizer.pad_id)).numpy())

    return tokenizer, model, probs_of, [text for text, _ in made_up(8, rng)]


def integrated_gradients(tokenizer, model, text):
    """What each token adds to logit(positive) - logit(negative), beginning with unknown words only."""
    import torch

    attr = pytest.importorskip("captum.attr", reason="captum is the reference")
    ids_BT = torch.tensor([tokenizer.encode(text).ids])
    lengths_B = torch.tensor([ids_BT.size(1)])
    unknown_BT = torch.full_like(ids_BT, tokenizer.unk_id)

    def polarity_of(x_BTE):
        logits_BC = model.head(x_BTE, lengths_B.expand(len(x_BTE)))
        return logits_BC[:, 2] - logits_BC[:, 0]

    with torch.no_grad():
        start, end = model.embed(unknown_BT), model.embed(ids_BT)
    return attr.IntegratedGradients(polarity_of).attribute(end, start, n_steps=50)[0].sum(-1).numpy()


# Occlusion is blind where two words do the same work, gradients and Shapley values are not: it agrees less.
@pytest.mark.parametrize(("method", "least"), [("occlusion", 0.6), ("shapley", 0.7)])
def test_attributions_agree_with_integrated_gradients(method, least):
    stats = pytest.importorskip("scipy.stats", reason="ranks are compared with scipy")
    agreement = []
    for seed in range(2):
        tokenizer, model, probs_of, texts = trained_model(seed)
        ours, theirs = [], []
        for text in texts:
            found = explain(
                text, tokenizer=tokenizer, probs_of=probs_of, classes=THREE, method=method, samples=32
            )
            ours.extend(found.attributions)
            theirs.extend(integrated_gradients(tokenizer, model, text))
        agreement.append(stats.spearmanr(ours, theirs).statistic)
    assert min(agreement) >= least


def test_a_long_explanation_pauses_and_says_the_same():
    pauses, sizes = [], []

    def probs_of(rows):
        sizes.append(sum(map(len, rows)))
        return np.array([[len(row) / 1000, 1 - len(row) / 1000] for row in rows])

    rows = [[1] * length for length in range(1, 600)]
    paused = with_pauses(probs_of, lambda: pauses.append(None))
    assert np.array_equal(paused(rows), probs_of(rows))
    del sizes[-1]
    assert len(pauses) == len(sizes) > 10
    assert max(sizes) < 2**12 + 600
