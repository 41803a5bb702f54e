"""The blueprint that the evidence pages share, and what their templates and views have in common."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, session
from flask_babel import gettext as _

from portfolio import web
from portfolio.editions import rubric_of
from portfolio.filetypes import accept_attribute
from portfolio.models import Dossier, DossierState
from portfolio.policy import Permission, Place
from portfolio.queries.places import EvidenceAt, SchoolAt
from portfolio.services.uploads import megabytes
from portfolio.templating import strings_for_scripts
from portfolio.wording import refusal
from rubric.gaps import school_year_of, window_start_of
from rubric.model import Rubric

RECENT_YEARS = 5

blueprint = Blueprint("evidence", __name__)


def rubric_for(dossier: Dossier | None) -> Rubric | None:
    """The rubric of a dossier's cycle."""
    return rubric_of(web.db(), dossier.cycle.rubric_digest) if dossier else None


def recent_years(dossier: Dossier | None) -> list[int]:
    """The school years that forms offer, newest first."""
    newest = dossier.cycle.school_year if dossier else school_year_of(web.now().date())
    return [newest - past for past in range(RECENT_YEARS)]


def window_start(dossier: Dossier | None) -> int:
    """The first of the three school years that evidence is expected from."""
    return dossier.cycle.window_start if dossier else window_start_of(web.now().date())


def may_cite(at: EvidenceAt | SchoolAt) -> bool:
    """Whether whoever asks can cite the school's evidence now."""
    editable = at.dossier is not None and at.dossier.state is not DossierState.SIGNING
    return editable and web.may(Permission.CITATION_WRITE, Place(school_id=at.school.id))


def small_number(typed: str) -> int | None:
    """A whole number of at most four digits, None for anything else."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 4 else None


@blueprint.app_template_global("upload_rules")
def upload_rules() -> dict[str, Any]:
    """What may be uploaded, for the drop zone."""
    settings = web.settings()
    return {
        "most": settings.max_upload_bytes,
        "limit": megabytes(settings.max_upload_bytes),
        "chunk": settings.chunk_bytes,
        "accept": accept_attribute(),
        "lifetime": int(settings.upload_lifetime.total_seconds() // 3600),
    }


@blueprint.app_template_global("upload_strings")
def upload_strings(limit: str) -> str:
    """The words of upload.js."""
    return strings_for_scripts(
        {
            "waiting": _("waiting"),
            "sending": _("{sent} of {size} MB · {speed} MB/s"),
            "retrying": _("The line was cut; trying again …"),
            "storing": _("All sent; looking at it …"),
            "done": _("Done"),
            "open": _("Open"),
            "duplicate": _("Duplicate"),
            "duplicate_of": _("The same file is here already:"),
            "look": _("look"),
            "refused": _("Not taken"),
            "stopped": _("Stopped"),
            "stop": _("Stop"),
            "retry": _("Try again"),
            "empty": refusal("upload_empty"),
            "too_large": refusal("upload_too_large", {"size": "{size}", "limit": limit}),
            "gone": refusal("upload_gone"),
            "login": _("You are logged out. Log in again and choose the file again: it will continue."),
            "failed": _("It could not be sent. Please try again; what has arrived is kept."),
            "pasted": _("Pasted picture"),
            "count": _("{done} of {all} done"),
            "count_refused": _("{count} not taken"),
            "count_duplicate": _("{count} here already"),
            "unreadable": _("This device could not read the file. Is it still there?"),
            "unfinished": _(
                "{count} uploads were cut off: {names}. Choose the same files again; they continue where they stopped."
            ),
            "comma": _(", "),
        }
    )


def offer_undo(words: str, action: str, **fields: object) -> None:
    """Let the next page offer to take the last act back: a form that posts these fields there."""
    session["undo"] = {
        "words": words,
        "action": action,
        "fields": {name: str(value) for name, value in fields.items() if value is not None},
    }


@blueprint.app_template_global("take_undo")
def take_undo() -> dict[str, Any] | None:
    """The undo on offer, once."""
    offered: dict[str, Any] | None = session.pop("undo", None)
    return offered
