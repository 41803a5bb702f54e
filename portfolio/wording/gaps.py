"""What is missing in a dossier, and what to do about it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portfolio.wording.phrasing import plain
from rubric.gaps import Gap, Rule

# A gap: what is the matter, and what to do about it.
GAPS = {
    Rule.UNSCORED: (_l("Not scored yet"), _l("Worth %(points)s; left out of the sum until scored")),
    Rule.NO_EVIDENCE: (_l("Scored %(score)s, no evidence"), _l("Cite at least one file")),
    Rule.NO_JUSTIFICATION: (
        _l("Scored %(score)s, no justification"),
        _l("Say in a few sentences what was done"),
    ),
    Rule.FULL_ON_ONE_OLD_FILE: (
        _l("Full marks on a single old file"),
        _l("Cite something from the last three school years"),
    ),
    Rule.UNMET_MEASURE: (
        _l("%(measure)s: %(value)s, the rubric sets %(target)s"),
        _l("Correct the figure, or claim less than full marks"),
    ),
    Rule.FULL_ON_ONE_WEAK_FILE: (
        _l("Full marks on one weak file: '%(title)s'"),
        _l("Cite a document beside it that says more"),
    ),
    Rule.OLD_EVIDENCE: (
        _l("All its evidence is from before the last three school years"),
        _l("Cite something from the last three school years"),
    ),
    Rule.DATED_AHEAD: (
        _l("Evidence is dated after the submission"),
        _l("Correct its date, or cite something else"),
    ),
    Rule.ONLY_PHOTOS: (
        _l("Nothing but photographs"),
        _l("Cite a record or a summary that says what they show"),
    ),
    Rule.THIN_JUSTIFICATION: (
        _l("Only %(own)s characters of the justification are your own"),
        _l("Say in at least %(least)s what was done; the official wording need not be repeated"),
    ),
    Rule.MISSING_MATERIAL: (_l("Missing: %(material)s"), _l("The rubric asks for it: '%(clause)s'")),
    Rule.MISSING_YEAR: (
        _l("%(material)s: nothing for %(years)s"),
        _l("Cite it for each of the last three school years"),
    ),
    Rule.OVERWORKED_FILE: (
        _l("Rests on '%(title)s', which carries %(count)s elements"),
        _l("Cite something made for this element"),
    ),
    Rule.LAST_MINUTE_FILE: (
        _l("Evidence was made in the last %(hours)s hours"),
        _l("Only your school is told: cite something older beside it"),
    ),
    Rule.UNCITED_EVIDENCE: (
        _l("'%(title)s' is cited nowhere"),
        _l("Cite it, or leave it out of the package"),
    ),
}

# A gap's name, where its numbers are not at hand.
GAP_NAMES = {
    Rule.UNSCORED: _l("Not scored yet"),
    Rule.NO_EVIDENCE: _l("No evidence"),
    Rule.NO_JUSTIFICATION: _l("No justification"),
    Rule.FULL_ON_ONE_OLD_FILE: _l("Full marks on a single old file"),
    Rule.UNMET_MEASURE: _l("A number of the rubric not reached"),
    Rule.FULL_ON_ONE_WEAK_FILE: _l("Full marks on one weak file"),
    Rule.OLD_EVIDENCE: _l("Old evidence only"),
    Rule.DATED_AHEAD: _l("Dated after the submission"),
    Rule.ONLY_PHOTOS: _l("Nothing but photographs"),
    Rule.THIN_JUSTIFICATION: _l("Thin justification"),
    Rule.MISSING_MATERIAL: _l("Missing material"),
    Rule.MISSING_YEAR: _l("Missing school year"),
    Rule.OVERWORKED_FILE: _l("One file for many elements"),
    Rule.LAST_MINUTE_FILE: _l("Made at the last minute"),
    Rule.UNCITED_EVIDENCE: _l("Cited nowhere"),
}

# The glyph a gap is drawn with.
GAP_STATES = {
    Rule.UNSCORED: "none",
    Rule.NO_EVIDENCE: "bare",
    Rule.NO_JUSTIFICATION: "gap",
    Rule.FULL_ON_ONE_OLD_FILE: "gap",
    Rule.UNMET_MEASURE: "gap",
    Rule.FULL_ON_ONE_WEAK_FILE: "gap",
    Rule.OLD_EVIDENCE: "gap",
    Rule.DATED_AHEAD: "gap",
    Rule.ONLY_PHOTOS: "gap",
    Rule.THIN_JUSTIFICATION: "gap",
    Rule.MISSING_MATERIAL: "wait",
    Rule.MISSING_YEAR: "wait",
    Rule.OVERWORKED_FILE: "wait",
    Rule.LAST_MINUTE_FILE: "wait",
    Rule.UNCITED_EVIDENCE: "wait",
}


def gap_words(gap: Gap) -> tuple[str, str]:
    """What is missing, and what to do."""
    matter, advice = GAPS[gap.rule]
    values = plain(gap.context)
    return str(matter) % values, str(advice) % values


def gap_rule(key: str) -> Rule:
    """What a waived gap was, from the key it was waived under."""
    return Rule(key.rpartition(":")[2])
