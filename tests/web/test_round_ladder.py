"""Three rounds: each panel sees the ladder of all rounds below it once its own scores are in, and not before."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import (
    Determination,
    PackageElement,
    Review,
    Role,
    Round,
    SettlementRule,
    User,
)
from portfolio.services import accounts, publishing
from portfolio.services.cycles import RoundPlan
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import NOW, bureau_actor, make_user
from tests.panel_factory import Scene, give_to_next_round, make_scene

LogIn = Callable[[User], Browser]
NAMES = ("学区初评", "区县复评", "市级评估")
REASONS = ("学区认为记录不全。", "区县认为记录基本完整。")
FINALS = (Decimal("0.3"), Decimal("0.7"))


@pytest.fixture
def rounds(store: Session) -> list[Scene]:
    """C26 was settled at 0.3, then at 0.7; the third panel has it now. The second panel's expert is on the third."""
    first = make_scene(store, experts=1, rounds=[RoundPlan(name) for name in NAMES])
    scenes = [first]
    for final, reason in zip(FINALS, REASONS, strict=True):
        below = scenes[-1]
        _close(store, below, final, reason)
        scenes.append(give_to_next_round(below, experts=[below.experts[0], make_user(store)]))
    store.commit()
    return scenes


def _close(store: Session, scene: Scene, final: Decimal, reason: str) -> None:
    """Handed in, settled and closed: C26 at this score, everything else as claimed."""
    for number in range(len(scene.reviews)):
        scene.hand_in(number)
    for row in store.scalars(select(PackageElement).where(PackageElement.package_id == scene.package.id)):
        here = row.element == "C26"
        store.add(
            Determination(
                assignment_id=scene.assignment.id,
                element=row.element,
                score=final if here else row.score,
                rule=SettlementRule.CHAIR if here else SettlementRule.MEDIAN,
                reason=reason if here else "",
                settled_by=scene.chair.id,
                settled_at=NOW,
            )
        )
    scene.assignment.settling_since = scene.assignment.closed_at = NOW
    scene.assignment.closed_by = scene.chair.id
    store.flush()
    publishing.publish(store, actor=bureau_actor(store), now=NOW, assignment=scene.assignment)


def _workspace(scene: Scene, browser: Browser, number: int = 0) -> str:
    page: str = browser.get(f"/reviews/{scene.reviews[number].id}/elements/C26").get_data(as_text=True)
    return page


def test_once_their_scores_are_in_an_expert_sees_every_round_below_in_order(
    app: Flask, rounds: list[Scene], store: Session, log_in: LogIn
) -> None:
    third = rounds[2]
    newcomer = log_in(third.experts[1])
    assert not [reason for reason in REASONS if reason in _workspace(third, newcomer, 1)]
    third.hand_in(1)
    store.commit()
    page = _workspace(third, newcomer, 1)
    assert all(reason in page for reason in REASONS)
    assert page.index(REASONS[0]) < page.index(REASONS[1])
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        _workspace(third, newcomer, 1)
    assert len(seen) <= 12, seen  # ten, and what only a review that is in asks for


def test_an_expert_judging_the_third_round_finds_no_ladder_in_their_review_of_the_second(
    rounds: list[Scene], store: Session, log_in: LogIn
) -> None:
    """Their own scores of the second round are theirs to see; what the first one settled is not, any more."""
    _first, second, third = rounds
    expert = log_in(second.experts[0])
    assert REASONS[0] not in _workspace(second, expert)
    third.hand_in(0)
    store.commit()
    assert REASONS[0] in _workspace(second, expert)


def test_the_table_shows_the_whole_ladder_of_an_element(
    app: Flask, rounds: list[Scene], store: Session, log_in: LogIn
) -> None:
    third = rounds[2]
    for number in (0, 1):
        third.hand_in(number)
    third.open_table()
    store.commit()
    address = f"/rounds/{third.assignment.round_id}/settlement/{third.package.id}?element=C26"
    chair = log_in(third.chair)
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        page = chair.get(address).get_data(as_text=True)
    assert len(seen) <= 8, seen
    ladder = page.partition('<ol class="ladder">')[2].partition("</ol>")[0]
    assert [name in ladder for name in NAMES] == [True, True, False]
    assert ladder.index(NAMES[0]) < ladder.index(NAMES[1])
    assert all(reason in page for reason in REASONS)


# ---- the bureau's list


def test_the_bureau_finds_large_differences_between_a_round_and_the_one_below(
    rounds: list[Scene], store: Session, log_in: LogIn
) -> None:
    person = make_user(store, Role.BUREAU)
    store.commit()
    clerk = log_in(person)
    address = f"/bureau/cycles/{rounds[0].cycle.id}/differences"
    page = clerk.get(address).get_data(as_text=True)
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert rows.count("<tr>") == 1
    assert all(words in rows for words in ("C26", *NAMES[:2], *REASONS))
    upper = store.scalars(select(Round).where(Round.name == NAMES[1])).one()
    upper.tolerance = Decimal("0.5")
    store.commit()
    assert "没有较大差异" in clerk.get(address).get_data(as_text=True), (
        "the later round's own tolerance counts"
    )


def test_who_is_still_to_judge_finds_no_differences_either(
    rounds: list[Scene], store: Session, log_in: LogIn
) -> None:
    """A clerk's role opens the page to them; the scores wait until their own are in."""
    third = rounds[2]
    clerk = make_user(store, Role.BUREAU)
    store.get_one(Review, third.reviews[1].id).expert_id = clerk.id
    accounts.grant(store, user=clerk, role=Role.EXPERT, panel_id=third.panel.id)
    store.commit()
    address = f"/bureau/cycles/{third.cycle.id}/differences"
    assert REASONS[0] not in log_in(clerk).get(address).get_data(as_text=True)
    store.get_one(Review, third.reviews[1].id).handed_in_at = NOW
    store.commit()
    assert REASONS[0] in log_in(clerk).get(address).get_data(as_text=True)
