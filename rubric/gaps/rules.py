"""The rules by name, and what is known of each: how serious, whether it blocks, who is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """The rules, in the order in which they rank where equal points hang on them."""

    UNSCORED = "unscored"
    NO_EVIDENCE = "no_evidence"
    NO_JUSTIFICATION = "no_justification"
    FULL_ON_ONE_OLD_FILE = "full_on_one_old_file"
    UNMET_MEASURE = "unmet_measure"
    FULL_ON_ONE_WEAK_FILE = "full_on_one_weak_file"
    OLD_EVIDENCE = "old_evidence"
    DATED_AHEAD = "dated_ahead"
    ONLY_PHOTOS = "only_photos"
    THIN_JUSTIFICATION = "thin_justification"
    MISSING_MATERIAL = "missing_material"
    MISSING_YEAR = "missing_year"
    OVERWORKED_FILE = "overworked_file"
    LAST_MINUTE_FILE = "last_minute_file"
    UNCITED_EVIDENCE = "uncited_evidence"


class Severity(StrEnum):
    """RISK: the points have nothing to stand on. NOTE: they stand, but somebody should look.

    ADVICE: they stand, and would stand better; the element counts as done all the same.
    """

    RISK = "risk"
    NOTE = "note"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a rule. `blocks`: no submission until its gaps are fixed or waived."""

    severity: Severity
    blocks: bool = False
    for_school_only: bool = False


FACTS = {
    Rule.UNSCORED: Facts(Severity.RISK, blocks=True),
    Rule.NO_EVIDENCE: Facts(Severity.RISK, blocks=True),
    Rule.NO_JUSTIFICATION: Facts(Severity.RISK, blocks=True),
    Rule.FULL_ON_ONE_OLD_FILE: Facts(Severity.NOTE, blocks=True),
    Rule.UNMET_MEASURE: Facts(Severity.RISK, blocks=True),
    Rule.FULL_ON_ONE_WEAK_FILE: Facts(Severity.NOTE),
    Rule.OLD_EVIDENCE: Facts(Severity.NOTE),
    Rule.DATED_AHEAD: Facts(Severity.NOTE),
    Rule.ONLY_PHOTOS: Facts(Severity.NOTE),
    Rule.THIN_JUSTIFICATION: Facts(Severity.NOTE),
    Rule.MISSING_MATERIAL: Facts(Severity.ADVICE),
    Rule.MISSING_YEAR: Facts(Severity.ADVICE),
    Rule.OVERWORKED_FILE: Facts(Severity.ADVICE),
    Rule.LAST_MINUTE_FILE: Facts(Severity.ADVICE, for_school_only=True),
    Rule.UNCITED_EVIDENCE: Facts(Severity.NOTE),
}
