"""Refusals when packages and their elements are shared out among experts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "package_unknown": _l("Please choose at least one package of this round."),
    "expert_unknown": _l("Somebody here is not an expert of this panel."),
    "elements_short": _l(
        "%(elements)s: fewer than %(needed)s independent scores. Please give them to more experts."
    ),
    "element_begun": _l("%(name)s has begun %(elements)s: what was begun stays with its expert."),
    "nothing_left": _l("%(names)s would have nothing left. Take them off the package with a reason instead."),
    "allotment_late": _l(
        "The table of all scores is open: only a substitute, who has not seen them, can still join."
    ),
    "allotment_unchanged": _l("Everybody has these elements already."),
    "allotment_outdated": _l(
        "Something has changed since this page was shown. Please look at it again; nothing was changed."
    ),
    "has_seen_below": _l(
        "%(name)s has handed in and seen the scores of the round below: they can take no more elements here."
    ),
    "already_removed": _l("This expert was taken off already."),
    "cell_unknown_school": _l("No package of '%(school)s' waits for a panel in this round."),
    "cell_ambiguous_school": _l(
        "Several schools are called '%(school)s'. Please write the district before it."
    ),
    "cell_unknown_panel": _l("There is no panel '%(panel)s' in this round."),
    "cell_other_panel": _l("An earlier row gives this school's package to %(panel)s."),
    "cell_unknown_expert": _l("There is no expert '%(expert)s' on %(panel)s."),
    "cell_without_elements": _l("Please say which elements: A1, B3, C12–C20, or all."),
    "cell_expert_twice": _l("%(name)s has %(elements)s from an earlier row already."),
}
