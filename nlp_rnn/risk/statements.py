"""How much a unit of text states: an ingredient, a score, an address or a line of code states nothing.

What states something has a verb that is said of something. Where none of the common ones is found, and the
unit has no full stop or is full of figures, it is an entry. Instructions, and what people tell of their own
day, are no claims either, unless a rule finds more than figures and names in them. Knows words; no rules, no
models.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nlp_rnn.risk.short import kept_if_short


class Weights(NamedTuple):
    """Factors of what is found in a unit: by the model, and by rules.

    Attributes:
        model: Of what the model finds.
        figures: Of figures, dates and names, which are nothing by themselves.
        events: Of what a newspaper would report: prices, news, votes.
        claims: Of all other claims.
    """

    model: float
    figures: float
    events: float
    claims: float

    def of(self, kind: str) -> float:
        """Return the factor of a rule's signal."""
        if kind in _FIGURE_KINDS:
            return self.figures
        return self.events if kind in _EVENT_KINDS else self.claims


_FIGURE_KINDS = frozenset(("number", "date", "person"))
_EVENT_KINDS = frozenset(("finance", "news", "election"))
_STATEMENT = Weights(1.0, 1.0, 1.0, 1.0)
_ENTRY, _CLOSED_ENTRY = Weights(0.0, 0.45, 0.45, 0.45), Weights(0.0, 0.45, 1.0, 1.0)
_INSTRUCTION, _OWN_AFFAIR = Weights(0.0, 0.6, 1.0, 1.0), Weights(0.5, 0.4, 0.5, 1.0)
_NOTICE, _EXERCISE = Weights(0.4, 0.4, 0.8, 1.0), Weights(0.0, 0.4, 0.4, 0.4)
_FIGURES = 0.25  # share of the tokens that make a sentence an entry, if it has no verb that is known

_VERBS = frozenset(
    """
    is are was were be been isn't aren't wasn't weren't has have had hasn't haven't hadn't do does
    did doesn't don't didn't will won't would wouldn't can can't cannot could couldn't may might
    must mustn't shall should shouldn't it's that's there's they're never always accepts acts adds
    affects agrees aids allows appears applies asks attacks attracts bans beats becomes became began
    begins believes belongs blocks boosts breaks brings brought buys bought calls came carries
    causes ceases changes charges claims cleans climbs collapses comes confirms consists contains
    contracts controls converts cools costs counts covers creates cures cut cuts damages dates deals
    decays declines demands denies depends destroys detects develops died dies digests dilutes
    discovers disappears dissolves doubles draws drinks drives drops earns eats emits ended ends
    equals erases exceeds exists expands expires explains explodes extends fails fall falls fell
    feeds feels fights fills finds flows flies flushes follows forbids forces forms found freezes
    frees froze functions gained gains gave gets gives goes got gone grew grow grows guarantees
    halves happens harms heals heats helps hides hit hits holds held hurts improves includes
    increases infects invented invests irritates jumps keeps kept kill kills knows knew lacks lasts
    lays leads leaves led left lets lies lies lifts likes links lives loses lost lowers made makes
    matters means meant measures meets melts met migrates mixes moves needs obtains occurs offers
    opens orbits outlasts outlaws outperforms owes owns pays paid peels penetrates permits plays
    poisons predicts prefers prescribes prevents produces prohibits promises proves protects proved
    provides puts quits raises ran ranks reacts reaches reads reduces refuses relieves remains
    removes repairs repels replaces reports requires resists restores returns reveals rises rose
    ruins rules runs said sank says sees saw seems sells sends sent sets shares shines shortens
    shows shown shrank shrinks sinks sits sleeps slows soothes sold speaks speeds spends spent
    spoils spreads stands stated stays stems stimulates stings stood stops stores strengthens
    stretches strikes struck suffers suggests supports survives swells switches takes taught tells
    thinks thins threatens told took touches traces transmits travels treats triggers triples turns
    understands unlocks uses vanishes varies visits wakes walks wants warms warns washes watches
    weakens wears weighs wins withdrew won wore works worsens writes wrote yields cause contain
    protect prevent need make keep live grow die eat work help reduce increase become lead mean cost
    lose gain rise linked banned killed arrested approved caused cured recalled confirmed warned
    resigned died elected declared discovered
    """.split()
)
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
_FIGURE = re.compile(r"\W*[a-z]?\d")
_INSTRUCTIONS = (
    "add arrange ask bake baste beat blend boil book bring brush buy call check chill choose chop "
    "circle clean click"
    " close collect combine complete cook cool copy count cover cream crush cut deal decorate delete "
    "dice dip discard"
    " divide drain draw drizzle drop dry enter factor feed fill find finish fix flip fold freeze fry "
    "garnish give glue go"
    " grate grease grill hand heat hold install jog join keep knead knit ladle lay leave let lift line "
    "log lower make"
    " mark marinate mash measure meet melt mince mix move note open pack paint paste peel pick place "
    "plant play please"
    " pour preheat press prune pull push put read reduce reheat remember remove repeat rest return "
    "rinse roast roll rub run"
    " save scatter score scoop season see select send separate serve set shake shuffle sieve sift sign "
    "simmer simplify"
    " serves skip slice soak solve sow split spoon spread sprinkle squeeze stand start steam stir stop "
    "store strain stretch"
    " stuff swap sweep switch take taste tear thaw tick tidy tighten tip top toss translate transfer "
    "trim try turn type"
    " underline use wait walk warm wash watch water weigh whisk wipe work wrap write"
)
_INSTRUCTION_BEGINS = re.compile(
    rf"\W*(?:(?:then|now|next|first|finally|please|and"
    rf"|meanwhile)[, ]+)*(?:{_INSTRUCTIONS.replace(' ', '|')})"
    r"(?:,|\W*\Z| (?:the|a|an|all|each|every|both|your|my|our|some|any|it|them|this|that|these|those"
    r"|half|one|two|three|\d"
    r"|well|in|on|to|for|with|until|till|out|up|off|down|over|into|at|from|through|between|again"
    r"|everything|and|not"
    r"|\w+ly|only|about|together|aside|back|round)\b)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"[{};]\s*\Z|==|[\w)\]]\(|->|=>|::|</|\w\[\w|[0-9a-f]{16}|(?:[\\/][\w.-]+){3}|\b\d\d:\d\d:\d\d\b"
    r"|\d(?:\.\d{1,3}){3}\b"
)
_SUM = re.compile(r"[\dx)]\s?[-+×÷*/^]\s?[\dx(]+[^.!?]{0,20}=\s?[\d(]|^[\s\dx+*/^().-]+=[\s\dx+*/^().-]+$")
_TOTAL = re.compile(r"^[^.!?]{0,40}:\s*[$€£]?[\d.,]+\W*\Z")
_STOPPED = re.compile(r"[.!?…][\"'”’»)\]*]*\Z")
_ASKED = re.compile(
    r"(?:did|does|do|is|are|was|were|can|could|will|would|shall|should|has|have) "
    r"(?:you|it|he|she|they|we|i|the|this|that|any\w*|some\w*|there|my|your|our)\b[^.!]*\Z",
    re.IGNORECASE,
)
_OWN_AFFAIRS = re.compile(
    r"\W*(?:dear [\w ]{2,30}, )?(?:i|i'm|i've|i'd|i'll|my|we're|we've|we'll|we'd|we enclose|we are"
    r"|thank you|thanks|sorry"
    r"|(?:spent|paid|ate|slept|owe|owed|feeling|felt|woke|cooked|booked|ordered|forgot|bought) "
    r"|your (?:order|account|subscription|appointment|letter|parcel|booking|ticket|invoice|child|call)"
    r"|the (?:caf[eé]|swimming pool|stall|choir|rehearsal|raffle|treasurer|summer party|village hall"
    r"|committee)"
    r"|our (?:\w+ )?(?:shop|store|office|house|garden|holidays?|cat|dog|kids?|son|daughter|car|flat"
    r"|bill|trip|boiler|caf[eé]"
    r"|club|class|team|girls|boys|meeting|stall|lift|heating|pool|hall|party|committee|treasurer|choir"
    r"|rehearsal|raffle))\b",
    re.IGNORECASE,
)
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = r"(?:mon|tues?|wednes|wed|thurs?|fri|satur|sat|sun)(?:day)?s?"
_APPOINTED = re.compile(
    rf"\b(?:at|from|on|between|until|till|by|before|after) (?:the |about |around "
    rf")?(?:\d{{1,2}}(?:[:.]\d\d)? ?(?:[ap]\.?m\b|o'clock|uhr|to \d|and \d|\b(?! ?[%a-z]))"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})\b|(?:{_MONTH}) \d|(?:{_WEEKDAY})\b|noon"
    rf"|midnight|half past)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b1\d{3}\b|\b20\d\d\b")
_PROBLEM = re.compile(
    r"\W*(?:(?i:an?) (?:\w+ ){1,2}(?:leaves|travels|sells|fills|empties|drives|walks|cycles|rides|buys"
    r"|bakes|pours|cuts|swims|runs)\b"
    r"|[A-Z][a-z]+ (?:has|had|buys|bought|eats|gives|gave|saves|bakes|picks|sells) (?:\d|two|three"
    r"|four|five|six|some )|(?i:let) [a-z] be )"
)
_GAMES = re.compile(
    r"\b(?:wickets?|not out|half-time|long jump|high jump|under-1\ds|innings|tie-break|dice|gold coins)\b"
)
_CLUE = re.compile(r"\(\d{1,2}(?:[,-] ?\d{1,2})*\)\W*\Z")


@kept_if_short()
def weights_of(text: str) -> Weights:
    """Return how much counts of what is found in a unit without layout.

    >>> [weights_of(text).model for text in ("250 ml cider vinegar", "Heat the oven.", "Heat kills moths.")]
    [0.0, 0.0, 1.0]
    """
    text = text.strip()
    stopped = is_stopped(text)
    if _CLUE.search(text) or _TOTAL.match(text) or _SUM.search(text):
        return _ENTRY
    if not stopped and (_CODE.search(text) or _ASKED.match(text)):
        return _ENTRY
    if _INSTRUCTION_BEGINS.match(text):
        return _INSTRUCTION if stopped else _ENTRY
    plain = text.lower().replace("’", "'")
    if not _has_verb(plain, stopped):
        if not stopped:
            return _ENTRY
        if _is_full_of_figures(plain):
            return _CLOSED_ENTRY
    if _PROBLEM.match(text):
        return _EXERCISE
    if _OWN_AFFAIRS.match(plain) or _GAMES.search(plain):
        return _OWN_AFFAIR
    return _NOTICE if _APPOINTED.search(plain) and not _YEAR.search(plain) else _STATEMENT


def _has_verb(text: str, stopped: bool) -> bool:
    """Return True if a text has a verb; without a full stop, what ends in -ed may be none."""
    return any(
        word in _VERBS or (stopped and len(word) > 4 and word.endswith("ed")) for word in _WORD.findall(text)
    )


def is_stopped(text: str) -> bool:
    """Return True if a full stop or another stop ends a text."""
    return _STOPPED.search(text.rstrip()) is not None


def _is_full_of_figures(text: str) -> bool:
    tokens = _TOKEN.findall(text)
    return sum(_FIGURE.match(token) is not None for token in tokens) >= _FIGURES * len(tokens)
