"""Refusals of the bureau's rounds-up: reminding, publishing many, awarding the title."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "nobody_to_remind": _l("Nobody is to be reminded now: it is nobody's turn, or all were reminded today."),
    "results_missing": _l("Please choose at least one result."),
    "not_published": _l("This result is not published yet."),
    "not_last_round": _l("This is not the cycle's last round."),
    "below_pass_mark": _l("This result is below the pass mark of %(pass_mark)s points."),
    "already_awarded": _l("This school has its certificate of this cycle already."),
    "already_revoked": _l("This certificate has been revoked already."),
    "validity_unset": _l("First say in the terms of the results for how many years a title is valid."),
}
