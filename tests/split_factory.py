"""A package whose elements are shared out among a panel, for tests."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import InterestStatement, Review, Split
from portfolio.services import panels
from portfolio.services.allotting import propose
from rubric.loader import DEFAULT, find
from tests.factories import NOW, bureau_actor, make_dossier, make_school, score_all
from tests.package_factory import make_package
from tests.panel_factory import Scene, make_scene


def make_split_scene(session: Session, *, experts: int = 3) -> Scene:
    """A panel's second package, by A-indicator, two independent scores an element; of its first it has everything."""
    first = make_scene(session, independent_scores=2, experts=experts)
    dossier = make_dossier(session, make_school(session), first.cycle)
    score_all(session, dossier)
    package = make_package(session, dossier)
    free = {expert.id: 0 for expert in first.experts}
    assignment = panels.assign(
        session,
        actor=bureau_actor(session),
        now=NOW,
        panel=first.panel,
        package=package,
        allotment=propose(find(DEFAULT), Split.INDICATOR, free, needed=2),
    )
    session.add_all(
        InterestStatement(
            user_id=person.id, panel_id=first.panel.id, school_id=dossier.school_id, signed_at=NOW
        )
        for person in [*first.experts, first.chair]
    )
    session.flush()
    rows = session.scalars(select(Review).where(Review.assignment_id == assignment.id))
    mine = {review.expert_id: review for review in rows}
    return replace(
        first,
        school=dossier.school,
        dossier=dossier,
        package=package,
        assignment=assignment,
        reviews=[mine[expert.id] for expert in first.experts],
    )
