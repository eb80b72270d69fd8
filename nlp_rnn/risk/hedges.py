"""Words that soften a claim without taking it back, such as *I think*, *apparently* and *, isn't it?*.

A claim asserts the same with and without them, so both are read: where the bare one is about no one in
particular, it counts. Knows one sentence at a time, without layout; which claims there are is the rules'
business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from nlp_rnn.risk.claims import Rules
from nlp_rnn.risk.short import kept_if_short
from nlp_rnn.risk.signals import Signal
from nlp_rnn.risk.statements import weights_of
from nlp_rnn.text.rewriting import Edit, Rewriting

_ADVERB = (
    "apparently|supposedly|allegedly|presumably|reportedly|seemingly|evidently|arguably|probably"
    "|possibly|perhaps|maybe|surely"
    "|obviously|clearly|honestly|personally|frankly|basically|in fact|of course|to be honest|tbh|imo"
    "|imho|afaik|iirc|no doubt"
)
_I = (
    r"(?:i|we)(?:'d|'m| am| would|'ve| have| do| did)?(?: (?:also|always|still|just|really|honestly"
    r"|kind of|sort of|rather|strongly|personally|firmly|pretty|fairly|quite|almost|absolutely"
    r"|reasonably|only|once|often|vaguely))*"
)
_THINK = (
    "think|thought|believe|guess|suppose|reckon|feel(?: like)?|assume|imagine|presume|gather"
    "|understand|suspect|know|say|bet|swear"
    "|figure|hear|heard|read|seem to (?:remember|recall)|remember|recall|told|sure|certain|convinced"
    "|positive|afraid|inclined to (?:think|say|believe)"
)
_KNOW = (
    r"know|knew|can tell|can see|remember|recall|understand|gather|(?:'ve )?(?:heard|read|seen|been "
    r"told)|have (?:heard|read|seen|been told)|am aware|'m aware"
)
_ASIDE = (
    rf"{_ADVERB}|(?:as|so) far as {_I} (?:{_KNOW})|as {_I} (?:understand|remember|recall|hear|see) it"
    rf"|(?:from|by) what {_I} (?:{_KNOW})|(?:from|by|to) (?:what|the best of what) (?:i|we)(?:{_KNOW})"
    r"|(?:in|to) my (?:humble |honest |own )?(?:opinion|view|mind|experience|knowledge|understanding)"
    r"|to the best of my knowledge"
    r"|if (?:i'm|i am) not (?:mistaken|wrong)|unless (?:i'm|i am) (?:mistaken|wrong)|if (?:i|memory) "
    r"(?:remember|recall|serves?)(?: me)?(?: right(?:ly)?| correctly| well)?"
    r"|if you ask me|or so (?:i|they|we)(?:'m| am|'ve| have)? (?:\w+ )?(?:say|said|told|heard|hear"
    r"|read|think|believe|gather)|so (?:i'm|i am|we're) told"
    r"|(?:they|people|some(?: people)?|you|folks) (?:say|claim|reckon)|(?:rumou?r|word) has it|don't "
    r"quote me(?: on (?:this|that|it))?(?:,? but)?"
    r"|(?:correct me if i'm wrong|i (?:could|might|may) be (?:wrong|mistaken)|(?:i'm )?not (?:\w+ "
    r")?sure|i'm no (?:\w+ )?(?:expert|doctor|lawyer|banker|economist))(?:,? but)?"
)
_ASKING = (
    r"(?:isn't it|is it not) (?:true|the case|a fact|right|so) that|don't you (?:think|agree|find)(?: "
    r"that)?"
    r"|am i right(?: in thinking)? that"
)
_FRONT = re.compile(
    rf"(?:(?:well|so|and|but|also|look|hey|ok(?:ay)?|oh|hm+|yes|no|you know|listen)[, ]+)*"
    rf"(?:(?:{_ASIDE})(?:,? that)?[,:]? +|{_I} (?:{_THINK})(?: (?:somewhere|once|online"
    rf"|recently))?(?:,? that)?[,:]? +"
    r"|it (?:seems|appears|looks|would seem|sounds)(?: to me)?(?: that| like| as if| as though)? +"
    r"|it(?:'s| is) (?:\w+ )?(?:said|believed|thought|rumou?red|possible|likely|probable|my "
    r"(?:understanding|impression|belief))(?: that)? +"
    rf"|(?:{_ASKING}) +|(?:my|the) (?:guess|feeling|impression|understanding|hunch|sense) (?:is|would "
    rf"be)(?: that)? +|chances are(?: that)? +)+",
    re.IGNORECASE,
)
_PRONOUN = "it|they|he|she|we|you|there|that|this|one|i"
_TAG = re.compile(
    rf"[,;.–—-]? *(?:right|correct|no|yes|eh|huh|hey|innit|ok(?:ay)?|yeah|true|surely|don't you "
    rf"(?:think|agree)|wouldn't you (?:say|agree)"
    rf"|(?:isn't|is) (?:that|it) (?:not )?(?:so|right|true|correct|the case)|am i (?:right|wrong)|if "
    rf"i'm not mistaken"
    rf"|(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|might|need|wo|ca"
    rf"|sha|ai|has|does)(?:n't| not)? (?:{_PRONOUN})(?: not)?)"
    r" *\?[\s\"'”’)]*\Z",
    re.IGNORECASE,
)
_BARE_TAG = re.compile(
    r"\w+ \w+ (?!(?:is|was|are|were|be|not|the|it|that|all|just|so|you|who|what)\b)\w{2,}\Z",
    re.IGNORECASE,
)
_QUESTION = re.compile(rf"\W*(?:{_ASKING}) ", re.IGNORECASE)
_BEHIND = re.compile(
    rf"(?:,| [-–—])? +(?:{_ASIDE}|{_I} (?:{_THINK})(?: (?:somewhere|once|online"
    rf"|recently))?)[.!…]*[\s\"'”’)]*\Z",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    rf", (?:{_ASIDE}|{_I} (?:{_THINK})),(?= )|(?<=\w) (?:{_ADVERB})(?= \w)",
    re.IGNORECASE,
)
_SOMEBODY_ELSE = re.compile(r"\b(?:he|him|his|she|her|hers)\b", re.IGNORECASE)
_BEHIND_CHARS = 60  # the longest of what softens a claim behind it
_LONGEST = 600  # a longer sentence is read as it stands
_SOMEBODY = re.compile(
    r"\b(?:i|i'\w+|me|my|mine|myself|we|we'\w+|us|our|ours|you'\w+|he|him|his|she|her|hers)\b"
    r"|\?[\s\"'”’)]*\Z",
    re.IGNORECASE,
)


def read_claims(rules: Rules, text: str) -> tuple[list[Signal], float, str]:
    """Return the claims in a sentence, the factor of what weighs less in it, and what a model should read.

    Hedges and tags are left aside, unless the claim without them is about somebody of whom the text tells.

    Args:
        rules: The rules that find claims.
        text: A sentence without layout.
    """
    if not any(map(str.isalnum, text)):
        return [], 1.0, text
    # What tells of somebody is told, softened or not.
    bare = None if _SOMEBODY_ELSE.search(text) else without_hedges(text)
    if bare is None or _SOMEBODY.search(bare.text) is not None:
        return *_weighed(rules, text), text
    claims, damping = _weighed(rules, bare.text)
    return [_placed(claim, bare) for claim in claims], damping, bare.text


def _weighed(rules: Rules, text: str) -> tuple[list[Signal], float]:
    """Return the claims in a sentence, and the factor of what a model finds in it."""
    claims, damping = rules.read(text)
    weights = weights_of(text)
    if min(weights) < 1:
        claims = [replace(claim, score=round(claim.score * weights.of(claim.kind), 3)) for claim in claims]
    return claims, min(damping, weights.model)


@kept_if_short()
def without_hedges(text: str) -> Rewriting | None:
    """Return a sentence without what softens it; None if nothing does.

    >>> [without_hedges(text).text for text in ("I think that gold rises.", "Gold rises, doesn't it?")]
    ['Gold rises.', 'Gold rises.']
    """
    if len(text) > _LONGEST:
        return None
    rewriting = Rewriting(text.replace("’", "'"))
    for edits in (_tags, _hedges):
        rewriting.replace(list(edits(rewriting.text)))
    return None if rewriting.places_2N is None else rewriting


def _tags(text: str) -> Iterator[Edit]:
    """Yield a full stop for a tag question at the end."""
    if "?" not in text[-_BEHIND_CHARS:]:
        return
    tag = _TAG.search(text, max(0, len(text) - _BEHIND_CHARS))
    if tag is not None and tag.start() and (tag[0][0] in ",;.–—-" or _BARE_TAG.search(text, 0, tag.start())):
        yield tag.start(), tag.end(), "."
    elif _QUESTION.match(text) and text.rstrip().endswith("?"):
        yield text.rindex("?"), len(text), "."


def _hedges(text: str) -> Iterator[Edit]:
    """Yield nothing for hedges in front, inside and behind; the sentence still begins with a capital."""
    begin = len(text) - len(text.lstrip())
    front = _FRONT.match(text, begin)
    reached = begin
    if front is not None and front.end() < len(text) and front.end() > front.start():
        reached = front.end()
        if text[reached].islower():
            yield begin, reached, ""
            yield reached, reached + 1, text[reached].upper()
            reached += 1
        else:
            yield begin, reached, ""
    behind = _BEHIND.search(text, max(reached, len(text) - _BEHIND_CHARS))
    until = len(text) if behind is None else behind.start()
    for found in _INSIDE.finditer(text, reached, until):
        yield found.start(), found.end(), ""
    if behind is not None:
        yield until, len(text), "."


def _placed(claim: Signal, bare: Rewriting) -> Signal:
    """Return a claim with its place in the sentence."""
    if bare.places_2N is None:
        return claim
    first, last = bare.places_2N[0, claim.start], bare.places_2N[1, claim.end - 1]
    return replace(claim, start=int(first), end=int(last))
