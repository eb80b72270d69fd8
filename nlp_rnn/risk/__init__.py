"""What makes a text risky to rely on: claims, copies, confidence, policies, disclaimers."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.risk.claims import CHECK_WORTHY as CHECK_WORTHY
    from nlp_rnn.risk.claims import CheckWorthiness as CheckWorthiness
    from nlp_rnn.risk.claims import Rules as Rules
    from nlp_rnn.risk.claims import load_rules as load_rules
    from nlp_rnn.risk.claims import mask_digits as mask_digits
    from nlp_rnn.risk.differences import Difference as Difference
    from nlp_rnn.risk.evidence import Evidence as Evidence
    from nlp_rnn.risk.evidence import EvidenceIndex as EvidenceIndex
    from nlp_rnn.risk.evidence import SourcePassage as SourcePassage
    from nlp_rnn.risk.filter import RiskFilter as RiskFilter
    from nlp_rnn.risk.filter import RiskStream as RiskStream
    from nlp_rnn.risk.levels import LEVELS as LEVELS
    from nlp_rnn.risk.levels import Thresholds as Thresholds
    from nlp_rnn.risk.overlap import OverlapIndex as OverlapIndex
    from nlp_rnn.risk.overlap import OverlapReport as OverlapReport
    from nlp_rnn.risk.review import Filtered as Filtered
    from nlp_rnn.risk.review import Review as Review
    from nlp_rnn.risk.scanner import RiskScanner as RiskScanner
    from nlp_rnn.risk.signals import Signal as Signal
    from nlp_rnn.risk.suite import CASE_FILES as CASE_FILES
    from nlp_rnn.risk.suite import RISKY as RISKY
    from nlp_rnn.risk.suite import CaseReport as CaseReport
    from nlp_rnn.risk.suite import RiskCase as RiskCase
    from nlp_rnn.risk.suite import load_cases as load_cases
    from nlp_rnn.risk.suite import run_cases as run_cases

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "filter": ["RiskFilter", "RiskStream"],
        "levels": ["LEVELS", "Thresholds"],
        "review": ["Filtered", "Review"],
        "signals": ["Signal"],
        "claims": ["CHECK_WORTHY", "CheckWorthiness", "Rules", "load_rules", "mask_digits"],
        "evidence": ["Evidence", "EvidenceIndex", "SourcePassage"],
        "differences": ["Difference"],
        "overlap": ["OverlapIndex", "OverlapReport"],
        "scanner": ["RiskScanner"],
        "suite": ["CaseReport", "CASE_FILES", "RISKY", "RiskCase", "load_cases", "run_cases"],
    },
)
