"""Many suggestions accepted in one go, each for its own element, and all of it taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound
from portfolio.models import Citation
from portfolio.policy import Actor
from portfolio.services import citations

MOST = 200  # suggestions


@dataclass(frozen=True, slots=True)
class Placed:
    """What was cited: the pieces with their elements; and what was refused, piece by piece."""

    cited: tuple[tuple[int, str], ...]
    refused: tuple[tuple[int, DomainError], ...]


def cite_many(
    session: Session, *, actor: Actor, now: datetime, dossier_id: int, picks: Iterable[tuple[int, str]]
) -> Placed:
    """Cite each piece for the element chosen for it; one refusal undoes nothing else.

    What is cited for it already counts as done. Raises DomainError (pieces_missing, pieces_many).
    """
    wanted = tuple(dict.fromkeys(picks))
    if not wanted:
        raise DomainError("pieces_missing")
    if len(wanted) > MOST:
        raise DomainError("pieces_many", most=MOST)
    cited: list[tuple[int, str]] = []
    refused: list[tuple[int, DomainError]] = []
    for evidence_id, element in wanted:
        try:
            with session.begin_nested():
                citations.cite(
                    session,
                    actor=actor,
                    now=now,
                    dossier_id=dossier_id,
                    element=element,
                    evidence_id=evidence_id,
                )
            cited.append((evidence_id, element))
        except DomainError as error:
            if error.code != "already_cited":
                refused.append((evidence_id, error))
    return Placed(tuple(cited), tuple(refused))


def uncite_many(
    session: Session, *, actor: Actor, now: datetime, dossier_id: int, picks: Iterable[tuple[int, str]]
) -> int:
    """Take these citations back; returns how many there still were. Raises DomainError("awaiting_signature")."""
    wanted = set(picks)
    if len(wanted) > MOST:
        raise DomainError("pieces_many", most=MOST)
    found = session.scalars(
        select(Citation).where(
            Citation.dossier_id == dossier_id,
            Citation.evidence_id.in_({evidence_id for evidence_id, _ in wanted}),
        )
    ).all()
    mine = [citation for citation in found if (citation.evidence_id, citation.element) in wanted]
    for citation in mine:
        citations.uncite(session, actor=actor, now=now, citation=citation)
    return len(mine)


def read_picks(fields: Iterable[str]) -> list[tuple[int, str]]:
    """Pairs of a piece and an element as forms send them: "12:C14", several with blanks between. Raises NotFound."""
    picks = []
    for word in " ".join(fields).split():
        piece, _, element = word.partition(":")
        if not (piece.isascii() and piece.isdecimal() and len(piece) <= 16):
            raise NotFound()
        picks.append((int(piece), element))
    return picks
