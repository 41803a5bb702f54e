"""Submitting: waive what is known to be missing, hand over, sign. Signing seals a package, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from portfolio import audit, jobs
from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.models import Dossier, DossierState, GapWaiver, Package
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.queries.copies import MissingCopy
from portfolio.queries.frozen import contents_of
from portfolio.queries.submission import check_list
from portfolio.services import passwords, sealing, supplements, timestamps
from portfolio.services.occasions import Occasion, occasion
from portfolio.storage import Storage

SHORTEST_REASON = 4


def waive(
    session: Session, *, actor: Actor, now: datetime, dossier: Dossier, keys: Iterable[str], reason: str
) -> None:
    """Submit with these gaps knowingly, and why.

    Raises DomainError (not_drafting, supplement_over, reason_missing, gap_unknown: also where the panel didn't ask).
    """
    elements = _at_work(session, dossier, now).elements
    words = plain_text(reason).strip()
    if len(words) < SHORTEST_REASON:
        raise DomainError("reason_missing", field="reason")
    listed = check_list(session, dossier, now=now, elements=elements)
    known = {gap.key for gap in listed.gaps if gap.blocks}
    for key in keys:
        if key not in known:
            raise DomainError("gap_unknown", field="reason")
        if key in listed.waived:
            listed.waived[key].reason = words
        else:
            session.add(
                GapWaiver(
                    dossier_id=dossier.id, gap=key, reason=words, waived_by=actor.user_id, waived_at=now
                )
            )
        _trail(session, actor, now, Action.GAP_WAIVED, dossier, after={"gap": key, "reason": words})


def unwaive(session: Session, *, actor: Actor, now: datetime, dossier: Dossier, key: str) -> None:
    """Take a waiver back.

    Raises DomainError (not_drafting, supplement_over, gap_unknown: where the panel didn't ask).
    """
    elements = _at_work(session, dossier, now).elements
    if elements is not None and key not in {
        gap.key for gap in check_list(session, dossier, now=now, elements=elements).gaps
    }:
        raise DomainError("gap_unknown")
    session.execute(delete(GapWaiver).where(GapWaiver.dossier_id == dossier.id, GapWaiver.gap == key))
    _trail(session, actor, now, Action.GAP_UNWAIVED, dossier, before={"gap": key})


def hand_over(session: Session, *, actor: Actor, now: datetime, dossier: Dossier) -> None:
    """The lead submits: the dossier stands still until the principal signs or somebody recalls it.

    Raises DomainError (not_drafting, deadline_passed, supplement_over, gaps_open, copy_failed).
    """
    handed = _at_work(session, dossier, now)
    handed.check_in_time(now)
    listed = check_list(session, dossier, now=now, elements=handed.elements)
    if listed.open:
        raise DomainError("gaps_open", count=len(listed.open))
    _check_copies([missing for missing in listed.missing_copies if missing.failed])
    _move(
        session,
        dossier,
        handed.rests_in,
        DossierState.SIGNING,
        handed_over_at=now,
        handed_over_by=actor.user_id,
    )
    _trail(session, actor, now, Action.HANDED_OVER, dossier)


def recall(session: Session, *, actor: Actor, now: datetime, dossier: Dossier) -> None:
    """Back to editing, while nobody has signed. Raises DomainError (not_signing, supplement_over)."""
    _move(
        session,
        dossier,
        DossierState.SIGNING,
        occasion(session, dossier).rests_in,
        handed_over_at=None,
        handed_over_by=None,
    )
    _trail(session, actor, now, Action.RECALLED, dossier)


def sign(
    session: Session, *, actor: Actor, now: datetime, dossier: Dossier, password: str, storage: Storage
) -> Package:
    """The principal signs: the dossier as it stands becomes a package that nothing can change.

    Where a panel asked about elements, the package takes over all others from the one that was asked about.
    Raises DomainError (password_wrong, not_signing, deadline_passed, supplement_over, gaps_open, copy_in_the_making,
    copy_failed, bytes_missing).
    """
    passwords.confirm(session, actor=actor, password=password)
    by, at = dossier.handed_over_by, dossier.handed_over_at
    # Claimed first: of two signatures at once the second finds nothing left to sign.
    _move(
        session,
        dossier,
        DossierState.SIGNING,
        DossierState.SUBMITTED,
        handed_over_at=None,
        handed_over_by=None,
    )
    assert by is not None and at is not None
    handed_over = sealing.HandedOver(by, at)
    signed = occasion(session, dossier)
    signed.check_in_time(now)
    listed = check_list(session, dossier, now=at, elements=signed.elements)
    if listed.open:
        raise DomainError("gaps_open", count=len(listed.open))
    _check_copies(listed.missing_copies)
    frozen = sealing.freeze(
        session, actor=actor, now=now, dossier=dossier, listed=listed, handed_over=handed_over
    )
    if signed.asked is not None:
        base = contents_of(session, signed.asked.request.package_id, frozen.rubric)
        frozen = replace(frozen, contents=frozen.contents.over(base, signed.asked.questions.keys()))
    sealing.check_bytes(storage, frozen)
    package = sealing.seal(session, dossier, frozen, handed_over)
    if signed.asked is not None:
        supplements.answer(
            session,
            now=now,
            dossier=dossier,
            request=signed.asked.request,
            package=package,
            changed=frozen.contents.changed_since(base),
        )
    after = {"package_id": package.id, "number": package.number, "digest": package.digest}
    _trail(session, actor, now, Action.PACKAGE_SIGNED, dossier, after=after)
    jobs.ask(session, timestamps.JOB, package_id=package.id)
    return package


def _check_copies(missing: Sequence[MissingCopy]) -> None:
    """A failed copy is named first: waiting doesn't help there."""
    for code, of_these in (
        ("copy_failed", [copy for copy in missing if copy.failed]),
        ("copy_in_the_making", [copy for copy in missing if not copy.failed]),
    ):
        if of_these:
            raise DomainError(code, titles="、".join(copy.title for copy in of_these))


def _at_work(session: Session, dossier: Dossier, now: datetime) -> Occasion:
    """What the school works towards. Raises DomainError (not_drafting, supplement_over)."""
    found = occasion(session, dossier)
    if dossier.state is not found.rests_in:
        raise DomainError("not_drafting")
    if found.asked is not None:
        found.check_in_time(now)
    return found


def _move(
    session: Session, dossier: Dossier, expected: DossierState, to: DossierState, **values: object
) -> None:
    """Change the state if it is still the expected one."""
    moved = session.execute(
        update(Dossier)
        .where(Dossier.id == dossier.id, Dossier.state == expected)
        .values(state=to, **values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount == 0:  # type: ignore[attr-defined]
        raise DomainError("not_signing" if expected is DossierState.SIGNING else "not_drafting")
    session.refresh(dossier, ["state", "handed_over_at", "handed_over_by"])


def _trail(
    session: Session, actor: Actor, now: datetime, action: Action, dossier: Dossier, **values: object
) -> None:
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("dossier", dossier.id),
        school_id=dossier.school_id,
        **values,  # type: ignore[arg-type]
    )
