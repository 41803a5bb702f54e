"""Rubrics as cycles took them up: kept whole in the store, read back under their digest; and what gaps weigh."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portfolio.models import RubricEdition, RubricElement
from rubric.gaps import Weights, default_weights
from rubric.loader import available, find
from rubric.model import Rubric, from_described

# Under this name a session carries the weights of its installation.
GAP_WEIGHTS = "gap_weights"

# An edition never changes, so a worker reads each once.
_read: dict[str, Rubric] = {}


def keep(session: Session, rubric: Rubric, *, now: datetime) -> str:
    """Keep the rubric's present edition and return its digest."""
    if session.get(RubricEdition, rubric.digest) is None:
        body = json.dumps(rubric.described(), ensure_ascii=False, sort_keys=True)
        enter(session, rubric, name=rubric.name, body=body, now=now)
    return rubric.digest


def enter(session: Session, rubric: Rubric, *, name: str, body: str, now: datetime) -> None:
    """Write down an edition that isn't here, in this text, and what its elements are worth."""
    session.add(RubricEdition(digest=rubric.digest, name=name, body=body, created_at=now))
    session.flush()
    session.execute(
        insert(RubricElement),
        [
            {
                "rubric_digest": rubric.digest,
                "element": element.code,
                "indicator": element.indicator,
                "points": element.points,
            }
            for element in rubric.elements
        ],
    )


def rubric_of(session: Session, digest: str) -> Rubric:
    """The rubric with this digest. Raises LookupError if no cycle ever took it up."""
    if digest not in _read:
        body = session.scalar(select(RubricEdition.body).where(RubricEdition.digest == digest))
        if body is None:
            raise LookupError(f"no rubric edition {digest}")
        _read[digest] = _guided(from_described(json.loads(body)))
    return _read[digest]


def _guided(rubric: Rubric) -> Rubric:
    """The rubric with the guidance installed now: what we add to a wording may be newer than the edition kept."""
    for name in available():
        installed = find(name)
        if installed.digest == rubric.digest:
            return rubric.guided_by(installed)
    return rubric


def weights_of(session: Session) -> Weights:
    """What each kind of gap weighs in this installation."""
    weights: Weights = session.info.get(GAP_WEIGHTS) or default_weights()
    return weights
