"""The way around: where each role lands, and what its menu offers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from portfolio.models import Cycle, Dossier, Role, School
from portfolio.policy import Actor


@dataclass(frozen=True, slots=True)
class Item:
    """A menu entry; `current` where the reader is in the part of the site that it opens."""

    label: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What the reader stands on: a school and its dossier; the header shows it and the menu leads around it."""

    school: School
    dossier: Dossier | None


def stand_on(school: School, dossier: Dossier | None) -> None:
    """Say which school this page is about."""
    g.ground = Ground(school, dossier)


def ground() -> Ground | None:
    """Which school this page is about, if any."""
    found: Ground | None = g.get("ground")
    return found


def own_ground(session: Session, actor: Actor) -> Ground | None:
    """The actor's school and its newest dossier; None for those without a school."""
    row = session.execute(
        select(School, Dossier)
        .outerjoin(Dossier, Dossier.school_id == School.id)
        .outerjoin(Dossier.cycle)
        .options(contains_eager(Dossier.cycle))
        .where(School.id.in_(actor.schools()))
        .order_by(Cycle.opens_at.desc(), Dossier.created_at.desc())
        .limit(1)
    ).first()
    return Ground(row.School, row.Dossier) if row else None


def home(session: Session, actor: Actor) -> str:
    """The address where this person's work begins."""
    if actor.schools():
        standing = own_ground(session, actor)
        if standing and standing.dossier:
            if standing.school.id not in actor.schools(Role.LEAD, Role.PRINCIPAL):
                return url_for("work.mine", dossier_id=standing.dossier.id)
            return url_for("dossier.home", dossier_id=standing.dossier.id)
        return url_for("auth.no_cycle")
    if actor.holds(Role.EXPERT, Role.CHAIR):
        return url_for("panel.packages")
    if actor.holds(Role.BUREAU, Role.OBSERVER):
        return url_for("bureau.overview")
    return url_for("auth.no_cycle")


# where one is on the way from the check list to the package
_SUBMISSION = (
    "reporting.",
    "worksheet.",
    "package.submission",
    "package.package",
    "package.waive",
    "package.hand_over",
    "package.sign",
    "changes.",
)


_RESULT = ("answers.", "rectification.")


def menu(actor: Actor) -> list[Item]:
    """The main menu for this person on this page; the four that are opened most first, since a phone folds the rest."""
    return [*_school(actor), *_panel(actor), *_bureau(actor)]


def _school(actor: Actor) -> Iterator[Item]:
    standing = ground()
    if standing is None or standing.school.id not in actor.schools():
        return
    if standing.dossier:
        dossier_id = standing.dossier.id
        first = g.get("element_code", "C1")
        yield _item(_("Overview"), "dossier.home", within=("dossier.city",), dossier_id=dossier_id)
        if standing.school.id in actor.schools(Role.LEAD, Role.CONTRIBUTOR):
            yield _item(_("My work"), "work.mine", within=("work.",), dossier_id=dossier_id)
        yield _item(_("Elements"), "dossier.element", dossier_id=dossier_id, code=first)
    yield _item(_("Evidence"), "evidence.library", within=("evidence.",), school_id=standing.school.id)
    if standing.dossier:
        yield _item(_("Basic figures"), "figures.sheet", within=("figures.",), dossier_id=standing.dossier.id)
        yield _item(_("Submission"), "package.submission", within=_SUBMISSION, dossier_id=standing.dossier.id)
        yield _item(_("Result"), "package.result", within=_RESULT, dossier_id=standing.dossier.id)
    if standing.school.id in actor.schools(Role.LEAD):
        yield _item(_("People"), "staff.people", within=("staff.",), school_id=standing.school.id)


# where one is among the packages one's panels were given
_OF_PANELS = (
    "panel.",
    "settlement.",
    "visit.",
    "supplement.",
    "changes.",
    "panelreport.",
    "panel_documents.",
    "answers.",
    "rectification.",
    "package.",
)


def _panel(actor: Actor) -> Iterator[Item]:
    if actor.holds(Role.EXPERT, Role.CHAIR):
        yield _item(_("My packages"), "panel.packages", within=_OF_PANELS)


_CYCLES = (
    "bureau.cycle",
    "bureau.open_cycle",
    "bureau.open_dossiers",
    "bureau.result_terms",
    "bureau.set_terms",
    "bureau.differences",
)


def _bureau(actor: Actor) -> Iterator[Item]:
    if not actor.holds(Role.BUREAU, Role.OBSERVER):
        return
    yield _item(_("City overview"), "bureau.overview")
    yield _item(
        _("Schools"),
        "bureau.schools",
        within=("bureau.school", "bureau.add_school", "staff.", "errands.import", "errands.school"),
    )
    yield _item(
        _("Panels"),
        "bureau.panels",
        within=("bureau.form_panel", "bureau.assign", "bureau.allot", "bureau.reallot", "office."),
    )
    yield _item(
        _("Progress"),
        "bureau.progress",
        within=("bureau.remind", "bureau.publication", "bureau.publish_results"),
    )
    yield _item(_("Cycles"), "bureau.cycles", within=_CYCLES)
    yield _item(
        _("Certificates"),
        "bureau.certificates",
        within=("bureau.award", "bureau.revoke_certificate"),
    )
    yield _item(_("Rectification"), "bureau.rectification_items", within=("rectification.",))
    yield _item(_("Accounts"), "bureau.accounts", within=("bureau.person", "bureau.invite"))
    yield _item(_("Proof"), "documents.proof")
    yield _item(_("Audit trail"), "bureau.audit_trail")


def _item(label: str, endpoint: str, *, within: tuple[str, ...] = (), **arguments: object) -> Item:
    """An entry, marked where the reader is on its page or where the endpoint begins like one of those within it."""
    here = request.endpoint or ""
    current = here == endpoint or here.startswith(within)
    return Item(label, url_for(endpoint, **arguments), current)  # type: ignore[arg-type]
