"""The city overview's figures and standings, on both engines."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import DossierState, School, SelfAssessment
from portfolio.queries.city import Matter, city_overview, matter_of
from portfolio.queries.school_standing import Progress, Standing, standing_of
from portfolio.services import publishing
from portfolio.storage import Storage
from tests.factories import NOW, bureau_actor, cite, make_dossier, make_evidence, score_all
from tests.package_factory import make_package
from tests.panel_factory import make_scene


def test_the_overview_sums_a_draft_exactly_by_a_indicator(
    session: Session, storage: Storage, tmp_path: Path
) -> None:
    dossier = make_dossier(session)
    score_all(session, dossier)
    left_out = session.scalars(select(SelfAssessment).where(SelfAssessment.element == "C3")).one()
    left_out.score = None
    cite(
        session,
        dossier,
        "C1",
        make_evidence(session, session.get_one(School, dossier.school_id), storage, tmp_path),
    )
    row = city_overview(session, now=NOW).rows[0]
    first = row.by_indicator["A1"]
    assert (
        first.points,
        first.claimed,
        first.supported,
        first.scored,
        first.unscored,
        first.unscored_points,
    ) == (
        Decimal(3),
        Decimal("1.8"),
        Decimal("0.9"),
        2,
        1,
        Decimal("1.0"),
    )
    assert (row.totals.points, row.totals.claimed, row.totals.at_risk) == (
        Decimal(100),
        Decimal("89.1"),
        Decimal("88.2"),
    )
    assert row.standing is Standing.DRAFTING


def test_after_submission_the_overview_shows_the_package_not_the_draft(session: Session) -> None:
    dossier = make_dossier(session)
    score_all(session, dossier)
    package = make_package(session, dossier)
    for row in session.scalars(select(SelfAssessment).where(SelfAssessment.dossier_id == dossier.id)):
        row.score = Decimal(0)
    session.flush()
    shown = city_overview(session, now=NOW).rows[0]
    assert (shown.package_id, shown.totals.claimed, shown.standing) == (
        package.id,
        Decimal("90.0"),
        Standing.SUBMITTED,
    )


def test_a_standing_follows_the_review(session: Session) -> None:
    scene = make_scene(session, experts=2)

    def standing() -> tuple[Standing, Matter | None]:
        row = city_overview(session, now=NOW).rows[0]
        return row.standing, matter_of(row, now=NOW)

    assert standing() == (Standing.REVIEWING, None)
    scene.hand_in(0)
    assert standing() == (Standing.REVIEWING, None)
    scene.hand_in(1)
    assert standing() == (Standing.SETTLING, Matter.NOT_CLOSED)
    scene.settle_all()
    scene.close()
    assert standing() == (Standing.CLOSED, Matter.NOT_PUBLISHED)
    publishing.publish(session, actor=bureau_actor(session), now=NOW, assignment=scene.assignment)
    assert standing() == (Standing.PUBLISHED, None)


PROGRESS = Progress("市级评估", None, closed=False, published=False, reviews=3, handed_in=1)
PUBLISHED_ROUND = Progress("区县初评", None, closed=True, published=True, reviews=3, handed_in=3)


@pytest.mark.parametrize(
    ("state", "progress", "overdue", "expected"),
    [
        (DossierState.DRAFTING, None, False, Standing.DRAFTING),
        (DossierState.DRAFTING, None, True, Standing.OVERDUE),
        (DossierState.SIGNING, None, True, Standing.SIGNING),
        (DossierState.SUBMITTED, None, True, Standing.SUBMITTED),
        (DossierState.SUBMITTED, PROGRESS, True, Standing.REVIEWING),
        (DossierState.SUBMITTED, PUBLISHED_ROUND, True, Standing.SUBMITTED),
        (DossierState.PUBLISHED, PUBLISHED_ROUND, True, Standing.PUBLISHED),
    ],
)
def test_where_a_school_stands(
    state: DossierState, progress: Progress | None, overdue: bool, expected: Standing
) -> None:
    assert standing_of(state, progress, overdue=overdue) is expected
