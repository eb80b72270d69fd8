"""Whether a unit of text states anything: an ingredient, a score, an address or a line of code does not.

What states something has a verb that is said of something. Where none of the common ones is found, and the
unit has no full stop or is full of figures, it is an entry, and weighs less. Knows words; no rules, no models.
"""

from __future__ import annotations

import re

ENTRY = 0.6
"""Factor of what rules find in an entry."""
_FIGURES = 0.25  # share of the tokens that make a sentence an entry, if it has no verb that is known

_VERBS = frozenset(
    """
    is are was were be been isn't aren't wasn't weren't has have had hasn't haven't hadn't do does did doesn't don't
    didn't will won't would wouldn't can can't cannot could couldn't may might must mustn't shall should shouldn't
    it's that's there's they're never always
    accepts acts adds affects agrees aids allows appears applies asks attacks attracts bans beats becomes became began
    begins believes belongs blocks boosts breaks brings brought buys bought calls came carries causes ceases changes
    charges claims cleans climbs collapses comes confirms consists contains contracts controls converts cools costs
    counts covers creates cures cut cuts damages dates deals decays declines demands denies depends destroys detects
    develops died dies digests dilutes discovers disappears dissolves doubles draws drinks drives drops earns eats emits
    ended ends equals erases exceeds exists expands expires explains explodes extends fails fall falls fell feeds feels
    fights fills finds flows flies flushes follows forbids forces forms found freezes frees froze functions gained gains
    gave gets gives goes got gone grew grow grows guarantees halves happens harms heals heats helps hides hit hits holds
    held hurts improves includes increases infects invented invests irritates jumps keeps kept kill kills knows knew
    lacks lasts lays leads leaves led left lets lies lies lifts likes links lives loses lost lowers made makes matters
    means meant measures meets melts met migrates mixes moves needs obtains occurs offers opens orbits outlasts outlaws
    outperforms owes owns pays paid peels penetrates permits plays poisons predicts prefers prescribes prevents produces
    prohibits promises proves protects proved provides puts quits raises ran ranks reacts reaches reads reduces refuses
    relieves remains removes repairs repels replaces reports requires resists restores returns reveals rises rose ruins
    rules runs said sank says sees saw seems sells sends sent sets shares shines shortens shows shown shrank shrinks
    sinks sits sleeps slows soothes sold speaks speeds spends spent spoils spreads stands stated stays stems stimulates
    stings stood stops stores strengthens stretches strikes struck suffers suggests supports survives swells switches
    takes taught tells thinks thins threatens told took touches traces transmits travels treats triggers triples
    turns understands unlocks uses vanishes varies visits wakes walks wants warms warns washes watches weakens wears
    weighs wins withdrew won wore works worsens writes wrote yields cause contain protect prevent need make keep live
    grow die eat work help reduce increase become lead mean cost lose gain rise
    """.split()
)
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
_FIGURE = re.compile(r"\W*[a-z]?\d")
_CODE = re.compile(r"[{};]\s*\Z|==|[\w)\]]\(|->|=>|::|</|\w\[\w|[0-9a-f]{16}|(?:[\\/][\w.-]+){3}")
_STOPPED = re.compile(r"[.!?…][\"'”’»)\]*]*\Z")
_OWN_AFFAIRS = re.compile(
    r"\W*(?:i|i'm|i've|i'd|i'll|my|we're|we've|we'll|we'd|our (?:\w+ )?(?:shop|store|office|house|garden|holiday|cat|dog|kids?|son|daughter|car|flat|bill|trip))\b",
    re.IGNORECASE,
)
_CLUE = re.compile(r"\(\d{1,2}(?:[,-] ?\d{1,2})*\)\W*\Z")


def is_entry(text: str) -> bool:
    """Return True for what names and counts things, and states nothing.

    >>> [is_entry(text) for text in ("250 ml cider vinegar", "Garlic cures cancer", "Honey spoils bread.")]
    [True, False, False]

    Args:
        text: A unit without layout.
    """
    text = text.strip()
    if not text or _CLUE.search(text):
        return True
    if _CODE.search(text) and not is_stopped(text):
        return True
    plain = text.lower().replace("’", "'")
    words = _WORD.findall(plain)
    if any(word in _VERBS or (len(word) > 4 and word.endswith("ed")) for word in words):
        return False
    return not is_stopped(text) or _is_full_of_figures(plain)


def is_stopped(text: str) -> bool:
    """Return True if a full stop or another stop ends a text."""
    return _STOPPED.search(text.rstrip()) is not None


def _is_full_of_figures(text: str) -> bool:
    tokens = _TOKEN.findall(text)
    return sum(_FIGURE.match(token) is not None for token in tokens) >= _FIGURES * len(tokens)


def is_own_affair(text: str) -> bool:
    """Return True for a sentence in which somebody tells of their own life: what they did, paid or plan."""
    return _OWN_AFFAIRS.match(text) is not None
