"""Unicode apostrophes, markup and Treebank spacing: text as people type it, text as models read it.

Only strings in, strings out. The rules that every tokenizer applies to a user's text live in
``tokenizer.py`` (inside ``tokenizer.json``, so that offsets into the original survive); here are the
rules that change a *corpus* before anybody sees it.
"""

from __future__ import annotations

import re

_TREEBANK = [
    (re.compile(pattern), replacement)
    for pattern, replacement in [
        (r"-LRB-|-lrb-", "("),
        (r"-RRB-|-rrb-", ")"),
        (r"-LSB-|-lsb-", "["),
        (r"-RSB-|-rsb-", "]"),
        (r"``\s*|\s*''", '"'),
        (r"\b([Cc])an not\b", r"\1annot"),
        (r"\b([Gg]on|[Ww]an) na\b", r"\1na"),
        (r"\b([Gg]ot) ta\b", r"\1ta"),
        (r"\b([Gg]im|[Ll]em) me\b", r"\1me"),
        (r"\s+(n't|N'T|'(?:s|S|m|M|d|D|ll|LL|re|RE|ve|VE))\b", r"\1"),
        (r"\s+('em|'til)\b", r" \1"),
        (r"(?<!\S)`\s+", "'"),
        (r"\s+([.,;:!?%)\]])", r"\1"),
        (r"\s+'(?=[\s.,;:!?)\]]|$)", "'"),
        (r"([(\[$#])\s+", r"\1"),
        (r"\s*\\/\s*", "/"),
        (r"\\\*", "*"),
        (r"\s+", " "),
    ]
]


def detokenize_treebank(text: str) -> str:
    r"""Undo Penn Treebank tokenization, as found in the Stanford Sentiment Treebank.

    Args:
        text: Space-separated Treebank tokens.

    Returns:
        The sentence as a person would type it.

    >>> detokenize_treebank("It did n't work , but it 's `` fun '' -LRB- a bit -RRB- .")
    'It didn\'t work, but it\'s "fun" (a bit).'
    """
    for pattern, replacement in _TREEBANK:
        text = pattern.sub(replacement, text)
    # A lone opening quote became `"word`, a closing one `word"`; only spacing is left to mend.
    return re.sub(r'"\s+([.,;:!?])', r'"\1', text).strip()
