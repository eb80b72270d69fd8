"""An explanation of an answer, and its forms: terminal, HTML, picture, plain values.

Knows one text's tokens, probabilities and attributions; how they were found is ``attribution.py``'s.

Colours: blue pulls towards *positive*, red (vermilion) towards *negative*. Where another class is explained,
blue is for it and red against it. Every colour has a signed number beside it, so that no colour is needed.

Shapes: T units of the text (tokens, or equal runs of tokens if the text is long), C classes.
"""

from __future__ import annotations

import html
import math
import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.figure import BLUE, GREY, OTHER_COLOURS, VERMILION, new_figure, save_figure
from nlp_rnn.probabilities import NEGATIVE, POSITIVE, has_polarity, polarity

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

POLARITY: Final = "polarity"

_TABLE_ROWS = 60  # a longer text is shown without its table
_TICK_LABELS = 60  # a longer text has a label at every second, third ... unit
_WEAKEST = 1e-3  # attributions below this never get the full colour, however weak the others are
_VISIBLE = 0.08  # share of the strongest from which a token is coloured
_DEEPEST = 0.85  # share of the full colour that the strongest token gets; black stays readable on it
_UNREAD = 400  # longer stretches that the model did not read are shortened
_BADGE_STYLE = "color:#000;border-radius:.2em"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, eq=False)
class Explanation:
    """The reasons of an answer: the model's belief after each token, and the effect of each token.

    Attributes:
        text: The text as given.
        tokens: The units, as the model reads them; a word it does not know as it stands in the text.
        spans: ``(start, end)`` of each unit in ``text``.
        classes: Names of the C classes.
        label: The answer.
        probabilities: Probability of each class, *shape (C,)*.
        trajectory: Probabilities of the classes had the text ended after each unit, *shape (T, C)*; the last
            row is ``probabilities``.
        attributions: Effect of each unit on the target, *shape (T,)*, in the target's unit.
        target: The value explained: ``polarity`` (P(positive) - P(negative), in [-1, 1]) or the
            probability of the class named.
        baseline: The target's value with all units hidden.
        method: ``occlusion`` or ``shapley``.
    """

    text: str
    tokens: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    classes: tuple[str, ...]
    label: str
    probabilities: NDArray[np.float64]
    trajectory: NDArray[np.float64]
    attributions: NDArray[np.float64]
    target: str
    baseline: float
    method: str

    @property
    def score(self) -> float:
        """Probability of the label."""
        return float(self.probabilities[self.classes.index(self.label)])

    @property
    def polarity(self) -> float:
        """P(positive) - P(negative); NaN if the classes have no such pair."""
        return float(polarity(self.probabilities, self.classes)) if has_polarity(self.classes) else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "text": self.text,
            "label": self.label,
            "score": self.score,
            "classes": list(self.classes),
            "probabilities": self.probabilities.tolist(),
            "tokens": list(self.tokens),
            "spans": [list(span) for span in self.spans],
            "trajectory": self.trajectory.tolist(),
            "attributions": self.attributions.tolist(),
            "target": self.target,
            "baseline": self.baseline,
            "method": self.method,
        }

    def __rich__(self) -> Group:
        """Return the answer, the coloured text and a table of units, for a ``rich`` console."""
        from rich.console import Group
        from rich.text import Text

        legend = Text()
        for colour, meaning in self._legend():
            legend.append(f" {meaning} ", style=f"black on {_tint(colour, _DEEPEST)}").append(" ")
        legend.append(self._footnote(), style="dim")
        parts: list[Text | Table] = [Text(self._headline(), style="bold"), self._rich_text(), legend]
        if len(self.tokens) <= _TABLE_ROWS:
            parts.append(self._rich_table())
        return Group(*parts)

    def to_html(self) -> str:
        """Return a whole page: answer, highlighted text, table of units; everything escaped."""
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{html.escape(self._headline())}</title></head>\n"
            f'<body style="max-width:60em;margin:2em auto;padding:0 1em">{self._repr_html_()}</body></html>\n'
        )

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the probabilities after each token above the attributions (extra ``plot``).

        Returns:
            The path written.

        Raises:
            MissingExtraError: If matplotlib is not installed.
            InputError: If the picture cannot be written, or its suffix is not .png, .svg or .pdf.
        """
        units = len(self.tokens)
        at_T = np.arange(units)
        width = min(16.0, max(6.5, 3.0 + 0.24 * units))
        figure = new_figure(width, 5.6)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        style = {"linewidth": 2.2, "marker": "o" if units <= _TICK_LABELS else "", "markersize": 4}
        colours = _class_colours(self.classes)
        for name, colour, values_T in zip(self.classes, colours, self.trajectory.T, strict=True):
            above.plot(at_T, values_T, color=colour, label=_plain(name), **style)
        above.set_ylim(-0.03, 1.03)
        above.set_ylabel("probability after\neach token")
        _legend_beside(above)
        above.grid(axis="y", alpha=0.3)
        text = textwrap.shorten(_plain(self.text[:1000]), int(width * 11), placeholder=" ...")
        above.set_title(f"{self._headline()}\n{text}", fontsize="medium", parse_math=False)

        below.bar(at_T, self.attributions, color=[self._colour(value) for value in self.attributions])
        below.axhline(0, color="black", linewidth=0.8)
        limit = 1.1 * max(_WEAKEST, self._strongest)
        below.set_ylim(-limit, limit)
        below.set_ylabel(f"effect of each token\non {_plain(self.target)}", parse_math=False)
        below.grid(axis="y", alpha=0.3)
        below.set_axisbelow(True)
        step = max(1, math.ceil(units / _TICK_LABELS))
        labels = [_shorten(token, 16) for token in self.tokens[::step]]
        turn = {"rotation": 90} if units > 24 else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        below.set_xticks(at_T[::step], labels, parse_math=False, **turn)
        below.set_xlim(-0.6, units - 0.4)
        for colour, meaning in self._legend():
            below.bar(0, 0, color=colour, label=meaning)
        _legend_beside(below)
        return save_figure(figure, path)

    def _repr_html_(self) -> str:
        """Return the inside of ``to_html``, for notebooks."""
        badge = '<span style="background:{};{};padding:0 .4em">{}</span>'
        legend = " ".join(
            badge.format(_tint(colour, _DEEPEST), _BADGE_STYLE, html.escape(meaning))
            for colour, meaning in self._legend()
        )
        table = self._html_table() if len(self.tokens) <= _TABLE_ROWS else ""
        return (
            '<div style="font-family:sans-serif;line-height:1.6">\n'
            f"<p><b>{html.escape(self._headline())}</b></p>\n"
            f'<p style="white-space:pre-wrap;overflow-wrap:anywhere">{"".join(self._html_pieces())}</p>\n'
            f"<p><small>{legend} {self._footnote()}</small></p>\n{table}</div>"
        )

    @property
    def _strongest(self) -> float:
        return float(np.abs(self.attributions).max(initial=0))

    def _footnote(self) -> str:
        return f"({self.method}; strongest effect {self._strongest:.3f})"

    def _headline(self) -> str:
        sign = "" if math.isnan(self.polarity) else f"  (polarity {self.polarity:+.2f})"
        return f"{_plain(self.label)} {self.score:.2f}{sign}"

    def _legend(self) -> list[tuple[str, str]]:
        """Return colour and meaning of both directions, upwards first."""
        if self.target == POLARITY:
            return [(BLUE, f"towards {POSITIVE}"), (VERMILION, f"towards {NEGATIVE}")]
        target = _plain(self.target)
        return [(self._colour(1), f"for {target}"), (self._colour(-1), f"against {target}")]

    def _colour(self, value: float) -> str:
        return BLUE if (value >= 0) != (self.target == NEGATIVE) else VERMILION

    def _pieces(self) -> Iterator[tuple[str, float | None]]:
        """Yield the whole text in order, as (piece, attribution); None where no unit lies.

        Units that lie on the same characters (the bytes of one letter) are one piece.
        """
        # Merge units without characters of their own into the one before them; spans do not overlap after it.
        done: list[tuple[int, int, float]] = []
        for (start, end), value in zip(self.spans, self.attributions.tolist(), strict=True):
            if done and (end <= done[-1][1]):
                first, last, before = done.pop()
                done.append((first, last, before + value))
            else:
                done.append((max(start, done[-1][1] if done else 0), end, value))
        # The text between units is yielded, too, so that the pieces joined are the whole text.
        cursor = 0
        for start, end, value in done:
            if start > cursor:
                yield _unread(self.text[cursor:start]), None
            if end > start:
                yield self.text[start:end], value
            cursor = end
        if cursor < len(self.text):
            yield _unread(self.text[cursor:]), None

    def _background(self, value: float | None) -> str:
        """Return the colour of an attribution, the deeper the stronger; "" for next to none."""
        weight = min(1.0, abs(value or 0) / max(_WEAKEST, self._strongest))
        return _tint(self._colour(value or 0), _DEEPEST * weight) if weight >= _VISIBLE else ""

    def _rich_style(self, value: float | None) -> str:
        background = self._background(value)
        return f"black on {background}" if background else ""

    def _rich_text(self) -> Text:
        from rich.text import Text

        shown = Text()
        for piece, value in self._pieces():
            shown.append(_printable(piece), style=self._rich_style(value))
        return shown

    def _rich_table(self) -> Table:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
        table.add_column("token")
        table.add_column(f"effect on {_plain(self.target)}".replace("[", r"\["), justify="right")
        for name in self.classes:
            table.add_column(f"{_plain(name)} so far".replace("[", r"\["), justify="right")
        for token, value, probs_C in zip(self.tokens, self.attributions, self.trajectory, strict=True):
            cells = [Text(_shorten(token, 40)), Text(f"{_signed(value)}", self._rich_style(value))]
            best = int(probs_C.argmax())
            cells += [Text(f"{p:.2f}", "bold" if c == best else "dim") for c, p in enumerate(probs_C)]
            table.add_row(*cells)
        return table

    def _html_pieces(self) -> Iterator[str]:
        for piece, value in self._pieces():
            shown = html.escape(_printable(piece))
            if value is None:
                yield shown
            else:
                background = self._background(value)
                style = f' style="background:{background};{_BADGE_STYLE}"' if background else ""
                yield f'<span{style} title="{_signed(value)}">{shown}</span>'

    def _html_table(self) -> str:
        cell = '<td style="text-align:right;padding:0 .6em">'
        heads = ["token", f"effect on {self.target}", *(f"{name} so far" for name in self.classes)]
        rows = ["<tr>" + "".join(f"<th>{html.escape(_plain(head))}</th>" for head in heads) + "</tr>"]
        for token, value, probs_C in zip(self.tokens, self.attributions, self.trajectory, strict=True):
            numbers = [f"{_signed(value)}", *(f"{p:.2f}" for p in probs_C)]
            best = 1 + int(probs_C.argmax())
            numbers = [f"<b>{number}</b>" if c == best else number for c, number in enumerate(numbers)]
            rows.append(
                f"<tr><td>{html.escape(_shorten(token, 40))}</td>"
                + "".join(f"{cell}{number}</td>" for number in numbers)
                + "</tr>"
            )
        return '<table style="border-collapse:collapse;font-size:smaller">\n' + "\n".join(rows) + "\n</table>"


def _legend_beside(axes: Any) -> None:
    """Put a legend to the right of the panel, names as they are (a dollar sign begins no formula)."""
    for text in axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False).get_texts():
        text.set_parse_math(False)


def _signed(value: float) -> str:
    """Return three decimals with a sign, and no minus before zero."""
    return f"{round(value, 3) + 0.0:+.3f}"


def _class_colours(classes: tuple[str, ...]) -> list[str]:
    """Return one colour per class: the three of sentiment are fixed."""
    fixed = {NEGATIVE: VERMILION, "neutral": GREY, POSITIVE: BLUE}
    others = iter(OTHER_COLOURS * (1 + len(classes) // len(OTHER_COLOURS)))
    return [fixed[name] if name in fixed else next(others) for name in classes]


def _tint(colour: str, weight: float) -> str:
    """Mix the colour with white: weight 0 is white, 1 the colour itself."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - weight * (255 - channel)):02x}" for channel in channels)


def _printable(text: str) -> str:
    """Return the text without control characters: none reaches a terminal."""
    return _UNPRINTABLE.sub("\ufffd", text)


def _plain(text: str) -> str:
    """Return the text as one printable line."""
    return _printable(re.sub(r"\s+", " ", text))


def _shorten(token: str, width: int) -> str:
    """Return a token as a label: white space made visible, the middle left out if it is long."""
    token = _plain(token)
    if token == " ":
        return "\u2423"
    return token if len(token) <= width else f"{token[: width - 6]}..{token[-4:]}"


def _unread(text: str) -> str:
    """Return text that the model did not read, shortened if there is much of it."""
    if len(text) <= _UNREAD:
        return text
    return f"{text[:100]} [... {len(text) - 200:,} characters not read ...] {text[-100:]}"
