"""What the panel reads at its table, the same on both engines."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Session

from portfolio.models import SettlementRule, Stance
from portfolio.queries import deliberation, places
from portfolio.queries import settlement as queries
from portfolio.queries.my_packages import my_packages
from portfolio.queries.rounds import ladder_below, still_blind
from portfolio.services import discussion, settlement
from rubric.loader import DEFAULT, find
from tests.factories import NOW
from tests.panel_factory import Scene, make_scene


def _scene(session: Session) -> Scene:
    """Two experts; C26 is discussed, settled, and taken back; C84 is not assessed."""
    scene = make_scene(session, experts=2)
    scene.hand_in(0, {"C26": "0.4"})
    scene.hand_in(1)
    scene.open_table()
    for code, score, rule in (("C26", "0.5", "chair"), ("C84", "", "not_assessed")):
        settlement.settle(
            session,
            actor=scene.chair_actor,
            now=NOW,
            assignment=scene.assignment,
            code=code,
            score_text=score,
            rule=rule,
            reason="合议。",
            version=0,
        )
    discussion.remark(
        session,
        actor=scene.actor(0),
        now=NOW,
        assignment=scene.assignment,
        code="C26",
        stance="agree",
        words="同意。",
    )
    settlement.undo(
        session, actor=scene.chair_actor, now=NOW, assignment=scene.assignment, code="C26", version=1
    )
    return scene


def test_the_table_and_the_discussion_of_an_element(session: Session) -> None:
    scene = _scene(session)
    found, place = places.settlement(session, round_id=scene.assignment.round_id, package_id=scene.package.id)
    assert place.party == {expert.id for expert in scene.experts}
    table = queries.table(session, found, find(DEFAULT), for_chair=True)
    rows = {row.code: row for row in table.rows}
    assert (len(rows), table.settled, table.below) == (84, 1, None)
    assert (rows["C26"].median, rows["C26"].mean, rows["C26"].spread) == (
        Decimal("0.7"),
        Decimal("0.65"),
        Decimal("0.5"),
    )
    assert (rows["C26"].remarks, rows["C84"].rule, rows["C84"].final) == (
        1,
        SettlementRule.NOT_ASSESSED,
        None,
    )
    names = {expert.review_id: expert.name for expert in table.experts}
    thread = deliberation.detail(session, found, names, "C26").thread
    assert [(entry.rule, entry.stance, entry.score) for entry in thread] == [
        (SettlementRule.CHAIR, None, Decimal("0.5")),
        (None, Stance.AGREE, None),
    ]
    assert thread[0].undone_at == NOW
    assert ladder_below(session, found, "C26") == ()


def test_the_list_says_what_each_may_do_next(session: Session) -> None:
    scene = make_scene(session, experts=2)
    assert still_blind(session, scene.actor(0), scene.package.dossier)
    assert still_blind(session, scene.chair_actor, scene.package.dossier)
    for number in (0, 1):
        scene.hand_in(number)
    assert not still_blind(session, scene.actor(0), scene.package.dossier)
    scene.settle_all()
    scene.propose_closing()
    mine = my_packages(session, scene.actor(0)).reviews[0].given
    assert (mine.cleared, mine.wants_signature, mine.settling_since) == (True, True, NOW)
    assert my_packages(session, scene.chair_actor).chaired[0].settled == 84
    assert not still_blind(session, scene.chair_actor, scene.package.dossier)
