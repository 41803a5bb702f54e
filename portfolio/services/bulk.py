"""One change to many pieces of evidence: each is checked by itself, what can be done is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound, Refused
from portfolio.models import Citation, Evidence, EvidenceKind
from portfolio.policy import Actor
from portfolio.services import citations, evidence, trash

MOST = 200  # pieces at once


@dataclass(frozen=True, slots=True)
class SetKind:
    """Another kind."""

    kind: EvidenceKind


@dataclass(frozen=True, slots=True)
class AddYear:
    """One more school year that they speak for."""

    year: int


@dataclass(frozen=True, slots=True)
class RemoveYear:
    """One school year less."""

    year: int


@dataclass(frozen=True, slots=True)
class Cite:
    """Back an element of the dossier with them, as whole files."""

    dossier_id: int
    element: str


@dataclass(frozen=True, slots=True)
class Uncite:
    """No longer back the element with them."""

    dossier_id: int
    element: str


@dataclass(frozen=True, slots=True)
class Trash:
    """Into the trash."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Out of the trash."""


Change = SetKind | AddYear | RemoveYear | Cite | Uncite | Trash | Restore


@dataclass(frozen=True, slots=True)
class Refusal:
    """A piece that was left as it is, and why; `title` is None where there is no such piece."""

    evidence_id: int
    title: str | None
    reason: DomainError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each piece: the ids of those changed, of those that were so already, and the refusals.

    `undo` takes the change back for all of `changed`; None where it can't be taken back in one step.
    """

    changed: tuple[int, ...]
    unchanged: tuple[int, ...]
    refused: tuple[Refusal, ...]
    undo: Change | None


def change_many(
    session: Session, *, actor: Actor, now: datetime, school_id: int, ids: Iterable[int], change: Change
) -> Outcome:
    """Make one change to many pieces of a school, in the order of their ids.

    Ids of other schools and of nothing are answered alike. Raises DomainError (pieces_missing, pieces_many).
    """
    wanted = sorted(set(ids))
    if not wanted:
        raise DomainError("pieces_missing")
    if len(wanted) > MOST:
        raise DomainError("pieces_many", most=MOST)
    pieces = {
        piece.id: piece
        for piece in session.scalars(
            select(Evidence).where(Evidence.id.in_(wanted), Evidence.school_id == school_id)
        )
    }
    kinds = {piece.id: piece.kind for piece in pieces.values()}
    hand = _Hand(session, actor, now)
    changed: list[int] = []
    unchanged: list[int] = []
    refused: list[Refusal] = []
    for evidence_id in wanted:
        piece = pieces.get(evidence_id)
        if piece is None:
            refused.append(Refusal(evidence_id, None, NotFound()))
            continue
        try:
            with session.begin_nested():
                (changed if hand.make(change, piece) else unchanged).append(evidence_id)
        except DomainError as error:
            refused.append(Refusal(evidence_id, piece.title, _first(error)))
    undo = _reverse(change, {kinds[evidence_id] for evidence_id in changed})
    return Outcome(tuple(changed), tuple(unchanged), tuple(refused), undo)


@dataclass(frozen=True, slots=True)
class _Hand:
    """Makes a change to one piece after another; answers whether anything had to be done. Raises DomainError."""

    session: Session
    actor: Actor
    now: datetime

    def make(self, change: Change, piece: Evidence) -> bool:
        if piece.trashed_at is not None and not isinstance(change, Restore):
            raise DomainError("evidence_trashed")
        match change:
            case SetKind() | AddYear() | RemoveYear():
                return self._describe(change, piece)
            case Cite() | Uncite():
                self._cite(change, piece)
            case Trash():
                trash.trash_evidence(self.session, actor=self.actor, now=self.now, evidence_id=piece.id)
            case Restore():
                trash.restore_evidence(self.session, actor=self.actor, now=self.now, evidence_id=piece.id)
        return True

    def _describe(self, change: SetKind | AddYear | RemoveYear, piece: Evidence) -> bool:
        before = evidence.description_of(self.session, piece)
        match change:
            case SetKind(kind):
                said = replace(before, kind=kind)
            case AddYear(year):
                said = replace(before, years=before.years | {year})
            case RemoveYear(year):
                said = replace(before, years=before.years - {year})
        if said == before:
            return False
        evidence.describe(
            self.session,
            actor=self.actor,
            now=self.now,
            evidence=piece,
            description=said,
            version=piece.version,
        )
        return True

    def _cite(self, change: Cite | Uncite, piece: Evidence) -> None:
        if isinstance(change, Uncite):
            citation = _citation(self.session, change.dossier_id, change.element, piece.id)
            citations.uncite(self.session, actor=self.actor, now=self.now, citation=citation)
            return
        citations.cite(
            self.session,
            actor=self.actor,
            now=self.now,
            dossier_id=change.dossier_id,
            element=change.element,
            evidence_id=piece.id,
        )


def _citation(session: Session, dossier_id: int, element: str, evidence_id: int) -> Citation:
    found = session.scalar(
        select(Citation).where(
            Citation.dossier_id == dossier_id,
            Citation.element == element,
            Citation.evidence_id == evidence_id,
        )
    )
    if found is None:
        raise DomainError("not_cited", element=element)
    return found


def _reverse(change: Change, kinds: set[EvidenceKind]) -> Change | None:
    """What takes a change back. Citations taken away had pages and remarks, and kinds may have differed."""
    match change:
        case SetKind():
            return SetKind(kinds.pop()) if len(kinds) == 1 else None
        case AddYear(year):
            return RemoveYear(year)
        case RemoveYear(year):
            return AddYear(year)
        case Cite(dossier_id, element):
            return Uncite(dossier_id, element)
        case Uncite():
            return None
        case Trash():
            return Restore()
        case Restore():
            return Trash()


def _first(error: DomainError) -> DomainError:
    """The one refusal that a list has room for."""
    return next(iter(error.errors.values())) if isinstance(error, Refused) else error
