"""Refusals around panels, reviews, settlement and results."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "expert_missing": _l("A panel needs at least %(needed)s experts."),
    "chair_missing": _l("A panel needs a chair."),
    "panel_known": _l("This round has a panel of that name already."),
    "package_assigned": _l("This package has been assigned in this round already."),
    "package_superseded": _l("The school has signed package no. %(number)s since. Please assign that one."),
    "package_of_other_cycle": _l("This package belongs to another cycle."),
    "conflict_of_interest": _l("%(names)s: conflict of interest with this school."),
    "not_stepped_aside": _l("This expert has not stepped aside."),
    "already_substituted": _l("Somebody reviews in this expert's place already."),
    "already_reviews": _l("%(name)s reviews this package already."),
    "has_seen_scores": _l("%(name)s has seen all scores as chair and can't score independently any more."),
    "channel_missing": _l("Please say what this score rests on."),
    "channel_unknown": _l("Please choose one of the channels."),
    "review_handed_in": _l("You have handed in this review."),
    "element_not_allotted": _l("%(element)s is not among the elements you score."),
    "score_was_in": _l("This score was in already: correct it with a reason."),
    "review_not_in": _l("This review is not handed in yet: change the score itself."),
    "correction_unchanged": _l("Nothing is different from what stands."),
    "correction_late": _l("The table of all scores is open: nobody corrects their own score any more."),
    "review_incomplete": _l("%(count)s elements are not scored yet."),
    "reviews_outstanding": _l("%(count)s reviews are not in yet."),
    "assignment_closed": _l("This review is closed."),
    "settlement_incomplete": _l("%(count)s elements are not settled yet."),
    "rule_unknown": _l("Please say what the final score rests on."),
    "rule_not_median": _l("The median is %(median)s. Choose another rule for another score."),
    "median_missing": _l(
        "No expert scored this element. Choose another rule, or say that it is not assessed."
    ),
    "settlement_open": _l("The table of all scores is open already."),
    "settlement_not_open": _l("The chair has not opened the table of all scores yet."),
    "nothing_settled": _l("This element is not settled."),
    "closing_proposed": _l(
        "Closing is proposed and waits for a signature. Withdraw the proposal to change something."
    ),
    "nothing_proposed": _l("Nobody proposes to close this review now."),
    "closing_changed": _l("The chair has proposed anew meanwhile. Please read it before you sign."),
    "second_person_needed": _l("A second person signs: not the one who proposed."),
    "signer_missing": _l("No other expert can sign. Please ask the bureau for one."),
    "signer_unknown": _l("An expert whose review counts signs."),
    "remark_empty": _l("Please write something, or choose to agree or disagree."),
    "stance_unknown": _l("Please choose to agree or to disagree."),
    "not_closed": _l("The panel has not closed this review yet."),
    "already_published": _l("This result has been published already."),
}
