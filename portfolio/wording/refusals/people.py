"""Refusals about people, schools and their accounts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "name_empty": _l("Please give a name."),
    "name_long": _l("A name has at most %(longest)s characters."),
    "district_empty": _l("Please give the district."),
    "school_known": _l("This district already has a school of that name."),
    "username_malformed": _l(
        "A user name has 3 to 120 letters, digits or . _ @ + -, such as a phone number or an e-mail address."
    ),
    "username_taken": _l("This user name is taken. Please choose another."),
    "password_short": _l("A password has at least %(shortest)s characters."),
    "password_long": _l("A password has at most %(longest)s characters."),
    "password_guessable": _l("This password is too easy to guess."),
    "password_wrong": _l("This is not your password."),
    "role_needs_school": _l("School staff belong to a school; other roles don't."),
    "role_not_invitable": _l("A chair is named when a panel is formed."),
    "invitation_unknown": _l("This invitation link is not known. Please check that it was copied whole."),
    "invitation_used": _l("This invitation was used already. Please log in."),
    "invitation_revoked": _l("This invitation was taken back. Please ask for a new one."),
    "invitation_expired": _l("This invitation has expired. Please ask for a new one."),
    "log_in_refused": _l("User name and password don't match."),
    "log_in_slowed": _l("Too many tries. Please wait %(seconds)s seconds; what you typed is kept."),
    "cannot_disable_self": _l("You can't close your own account."),
    "account_closed": _l("This account is closed. The bureau can open it again."),
    "password_link_bureau_only": _l("Only the bureau can send this person a link for a new password."),
    "role_unknown": _l("Please choose a role."),
    "role_kept_by_panel": _l("Roles in a panel stay with the panel."),
    "cannot_take_own_role": _l("You can't take this role from yourself."),
    "stage_unknown": _l("Please choose one of the stages."),
    "school_unknown": _l("Please choose a school of the list."),
    "person_unknown": _l("Please choose a person of the list."),
    "moment_malformed": _l("Please give a day and a time, such as 2026-09-01 18:00."),
    "number_malformed": _l("Please give a number such as 2 or 0.5."),
    "rubric_unknown": _l("Please choose a rubric of the list."),
    "scores_needed": _l("An element needs at least one score."),
    "tolerance_uneven": _l("A spread is given in whole hundredths of a point, such as 0.2."),
    "schools_missing": _l("Please choose at least one school."),
    "panel_unknown": _l("Please choose a panel of this round."),
}
