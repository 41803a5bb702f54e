"""Submitting: hand over, sign, freeze. A package is written whole in one transaction, or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from portfolio import audit, jobs
from portfolio.audit import Action
from portfolio.db import new_id
from portfolio.errors import DomainError
from portfolio.manifest import Frozen, FrozenCitation, FrozenElement, FrozenFile, FrozenWaiver, manifest_of
from portfolio.manifest import digest_of as manifest_digest
from portfolio.models import (
    Blob,
    Citation,
    Derivation,
    Dossier,
    DossierState,
    Evidence,
    EvidenceVersion,
    EvidenceYear,
    GapWaiver,
    Package,
    PackageCitation,
    PackageElement,
    PackageFile,
    PackageWaiver,
    User,
)
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.queries.copies import MissingCopy, missing_copies, newest_cited
from portfolio.queries.standing import Standing, standing
from portfolio.services import accounts, supplements, timestamps
from portfolio.services.occasions import Occasion, base_of, changed, occasion, sums_of, supplemented
from portfolio.storage import Storage
from rubric.gaps import Gap

SHORTEST_REASON = 4


@dataclass(frozen=True, slots=True)
class CheckList:
    """Every gap of the dossier that a package may know of, fixed ones gone, with the reason of those waived."""

    standing: Standing
    waived: dict[str, GapWaiver]
    # pictures whose public copy is still being made, or can't be: no package holds them without
    missing_copies: tuple[MissingCopy, ...] = ()
    # the only elements that are handed in; None: all
    elements: Set[str] | None = None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """All gaps of what is handed in but those that only the school is told of, ranked."""
        return tuple(
            gap
            for gap in self.standing.readiness.gaps
            if not gap.for_school_only and (self.elements is None or gap.element in self.elements)
        )

    @property
    def open(self) -> list[Gap]:
        """The gaps that still stand in the way."""
        return [gap for gap in self.gaps if gap.blocks and gap.key not in self.waived]

    @property
    def advice(self) -> list[Gap]:
        """What weakens an element without standing in the way, what only the school is told of included."""
        return [gap for gap in self.standing.readiness.gaps if gap.element is not None and not gap.blocks]

    def advice_of(self, indicator: str) -> dict[str, list[Gap]]:
        """The same by element, for the elements of an A-indicator in the rubric's order."""
        rubric = self.standing.rubric
        found: dict[str, list[Gap]] = defaultdict(list)
        for gap in self.advice:
            found[gap.element or ""].append(gap)
        return {
            e.code: found[e.code] for e in rubric.elements if e.code in found and e.indicator == indicator
        }

    @property
    def left_out(self) -> list[Gap]:
        """Files cited nowhere: shown, so that nobody forgets one by mistake."""
        return [gap for gap in self.gaps if gap.element is None]


def check_list(
    session: Session,
    dossier: Dossier,
    *,
    now: datetime,
    to_school: bool = True,
    elements: Set[str] | None = None,
) -> CheckList:
    """What stands between the dossier and its submission, in six statements; `to_school` as for `standing`.

    Where only these elements are handed in, what is the matter with others is left out.
    """
    waivers = session.scalars(select(GapWaiver).where(GapWaiver.dossier_id == dossier.id))
    found = standing(session, dossier, now=now, to_school=to_school)
    return CheckList(
        found,
        {waiver.gap: waiver for waiver in waivers},
        missing_copies(session, dossier_id=dossier.id, elements=elements),
        elements,
    )


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
    accounts.confirm_password(session, actor=actor, password=password)
    handed_over_by, handed_over_at = dossier.handed_over_by, dossier.handed_over_at
    # Claimed first: of two signatures at once the second finds nothing left to sign.
    _move(
        session,
        dossier,
        DossierState.SIGNING,
        DossierState.SUBMITTED,
        handed_over_at=None,
        handed_over_by=None,
    )
    assert handed_over_by is not None and handed_over_at is not None
    signed = occasion(session, dossier)
    signed.check_in_time(now)
    listed = check_list(session, dossier, now=handed_over_at, elements=signed.elements)
    if listed.open:
        raise DomainError("gaps_open", count=len(listed.open))
    _check_copies(listed.missing_copies)
    frozen = _frozen(session, actor, now, dossier, listed, (handed_over_by, handed_over_at))
    if signed.asked is not None:
        base = base_of(session, signed.asked.request, frozen.rubric)
        frozen = supplemented(frozen, base, set(signed.asked.questions))
    _check_bytes(storage, frozen)
    package = _seal(session, dossier, frozen, (handed_over_by, handed_over_at))
    if signed.asked is not None:
        supplements.answer(
            session,
            now=now,
            dossier=dossier,
            request=signed.asked.request,
            package=package,
            changed=changed(frozen, base),
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


def _frozen(
    session: Session,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    listed: CheckList,
    handed_over: tuple[int, datetime],
) -> Frozen:
    """The dossier as it stands, with the newest version of each cited file."""
    newest = newest_cited(dossier.id)
    rows = session.execute(
        select(Citation, Evidence, EvidenceVersion, Blob, Derivation.public_sha256)
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .join(newest, newest.c.evidence_id == Evidence.id)
        .join(
            EvidenceVersion,
            (EvidenceVersion.evidence_id == Evidence.id) & (EvidenceVersion.number == newest.c.number),
        )
        .join(EvidenceVersion.blob)
        .outerjoin(Derivation, (Derivation.school_id == Blob.school_id) & (Derivation.sha256 == Blob.sha256))
        .where(Citation.dossier_id == dossier.id)
        .order_by(Citation.cited_at, Citation.id)
    ).all()
    years = _years(session, dossier)
    files = {
        row.EvidenceVersion.id: FrozenFile.of(
            row.Evidence, row.EvidenceVersion, row.Blob, years.get(row.Evidence.id, []), row.public_sha256
        )
        for row in rows
    }
    rubric = listed.standing.rubric
    names = dict(
        session.execute(select(User.id, User.name).where(User.id.in_([handed_over[0], actor.user_id]))).all()
    )
    return Frozen(
        school_name=dossier.school.name,
        district=dossier.school.district,
        cycle_name=dossier.cycle.name,
        number=1
        + (session.scalar(select(func.max(Package.number)).where(Package.dossier_id == dossier.id)) or 0),
        rubric=rubric,
        submitted_by=names[handed_over[0]],
        submitted_at=handed_over[1],
        signed_by=names[actor.user_id],
        signed_by_id=actor.user_id,
        signed_at=now,
        elements=[
            FrozenElement(
                e.code,
                e.points,
                listed.standing.assessments[e.code].score,
                listed.standing.assessments[e.code].justification,
            )
            for e in rubric.elements
        ],
        files=list(files.values()),
        citations=[FrozenCitation.of(row.Citation, row.EvidenceVersion.id) for row in rows],
        waivers=[
            FrozenWaiver(gap.key, gap.element, gap.points_at_risk, listed.waived[gap.key].reason)
            for gap in listed.gaps
            if gap.key in listed.waived
        ],
    )


def _years(session: Session, dossier: Dossier) -> dict[int, list[int]]:
    rows = session.execute(
        select(EvidenceYear.evidence_id, EvidenceYear.year)
        .where(
            EvidenceYear.evidence_id.in_(
                select(Citation.evidence_id).where(Citation.dossier_id == dossier.id)
            )
        )
        .order_by(EvidenceYear.year)
    )
    found: dict[int, list[int]] = {}
    for evidence_id, year in rows:
        found.setdefault(evidence_id, []).append(year)
    return found


def _check_bytes(storage: Storage, frozen: Frozen) -> None:
    """What is about to be promised for ever must be there."""
    for file in frozen.files:
        if storage.size(file.school_id, file.sha256) != file.size:
            raise DomainError("bytes_missing", title=file.title)
        if file.public_sha256 and not storage.exists(file.school_id, file.public_sha256):
            raise DomainError("bytes_missing", title=file.title)


def _seal(session: Session, dossier: Dossier, frozen: Frozen, handed_over: tuple[int, datetime]) -> Package:
    """Write the parts, then the package's own row, which seals them."""
    manifest = manifest_of(frozen)
    package_id = new_id()
    citations = [{**c.row(), "position": n} for n, c in enumerate(frozen.citations)]
    _write_parts(session, package_id, PackageElement, [e.row() for e in frozen.elements])
    _write_parts(session, package_id, PackageFile, [f.row() for f in frozen.files])
    _write_parts(session, package_id, PackageCitation, citations)
    _write_parts(session, package_id, PackageWaiver, [w.row() for w in frozen.waivers])
    totals = sums_of(frozen)
    package = Package(
        id=package_id,
        dossier_id=dossier.id,
        school_id=dossier.school_id,
        cycle_id=dossier.cycle_id,
        number=frozen.number,
        rubric_digest=frozen.rubric.digest,
        digest=manifest_digest(manifest),
        manifest=manifest,
        claimed=totals.claimed,
        supported=totals.supported,
        unscored=totals.unscored,
        submitted_by=handed_over[0],
        submitted_at=handed_over[1],
        signed_by=frozen.signed_by_id,
        signed_at=frozen.signed_at,
    )
    session.add(package)
    session.flush()
    return package


def _write_parts(session: Session, package_id: int, part: type, rows: list[dict[str, object]]) -> None:
    table: Table = part.__table__  # type: ignore[attr-defined]
    if rows:
        session.execute(insert(table), [{**row, "package_id": package_id} for row in rows])
