"""Samples: drawn by a seed nobody chose, on record for good, drawn again only with a reason."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, Refused
from portfolio.models import AuditEvent, Draw
from portfolio.queries.visit import draws
from portfolio.services.draws import MOST_LINES, draw_sample
from rubric.sampling import draw
from tests.factories import NOW
from tests.panel_factory import Scene, make_scene

TEACHERS = "\n".join(f"教师{number:02}" for number in range(1, 41))


@pytest.fixture
def scene(session: Session) -> Scene:
    """Experts who visit a school."""
    return make_scene(session)


def sample(scene: Scene, **typed: str) -> Draw:
    given = {"title": "教师业务档案", "lines": "", "count": "", "size": "5", "reason": ""} | typed
    return draw_sample(scene.session, actor=scene.actor(), now=NOW, assignment=scene.assignment, **given)


def test_whoever_has_the_list_and_the_seed_draws_the_same_lines(scene: Scene) -> None:
    made = sample(scene, lines=f"\n{TEACHERS}\n\n")
    lines = TEACHERS.splitlines()
    assert (made.population, made.size, made.number) == (40, 5, 1)
    assert made.drawn == [[number, lines[number - 1]] for number in draw(made.seed, 40, 5)]
    assert made.list_digest == hashlib.sha256(f"{TEACHERS}\n".encode()).hexdigest()


def test_the_list_itself_is_kept_nowhere(scene: Scene) -> None:
    made = sample(scene, lines=TEACHERS)
    shown = {line for _, line in made.drawn}
    event = scene.session.scalars(select(AuditEvent).where(AuditEvent.action == "sample:drawn")).one()
    left_out = next(line for line in TEACHERS.splitlines() if line not in shown)
    assert left_out not in str(made.drawn) + str(event.after)
    assert event.after is not None and event.after["seed"] == made.seed


def test_a_counted_list_gives_its_numbers(scene: Scene) -> None:
    made = sample(scene, count=" 86 ")
    assert made.population == 86
    assert all(line == str(number) for number, line in made.drawn)


def test_two_draws_have_seeds_of_their_own_and_the_second_says_why(scene: Scene) -> None:
    first = sample(scene, count="86")
    for again in ({"count": "87"}, {"title": "别的名单", "count": "86"}):
        with pytest.raises(Refused) as refused:
            sample(scene, **again)
        assert refused.value.errors["reason"].code == "drawn_already"
    second = sample(scene, count="86", reason="两位教师已调离。")
    assert first.seed != second.seed
    assert [each.draw.number for each in draws(scene.session, scene.assignment)] == [2, 1]
    assert scene.session.scalar(select(func.count()).select_from(Draw)) == 2


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        ({}, "lines", "list_missing"),
        ({"lines": "甲\n乙", "count": "2"}, "count", "list_and_count"),
        ({"lines": "甲\n乙"}, "size", "size_beyond"),
        ({"count": "86", "size": "0"}, "size", "size_malformed"),
        ({"count": "86", "size": "-1"}, "size", "size_malformed"),
        ({"count": "86", "size": "2.5"}, "size", "size_malformed"),
        ({"count": "8六"}, "count", "count_malformed"),
        ({"count": "99999999"}, "count", "count_malformed"),
        ({"lines": "甲" * 201}, "lines", "line_too_long"),
        ({"lines": "\n".join("甲" * (MOST_LINES + 1))}, "lines", "list_too_long"),
        ({"title": " ", "count": "86"}, "title", "name_empty"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_field(
    scene: Scene, typed: dict[str, str], field: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        sample(scene, **typed)
    assert refused.value.errors[field].code == code
    assert scene.session.scalar(select(func.count()).select_from(Draw)) == 0


def test_after_closing_nothing_is_drawn(scene: Scene) -> None:
    scene.assignment.closed_at = NOW
    scene.session.flush()
    with pytest.raises(DomainError, match="assignment_closed"):
        sample(scene, count="86")
