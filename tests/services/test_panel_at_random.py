"""Random legal and illegal steps through a panel's work: whatever is tried, in whatever order, these always hold.

No package changes, and one that a school adds differs from the one before in nothing but what the panel asked about.
A score is pinned to a package that its assignment has or had. No score, no ruling and no draw that was in is lost.
What is refused leaves no trace. What stands is the last ruling not taken back, or an accepted answer's; the sum is the
sum of its parts. Nobody reads another's words or findings before the table is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portfolio.storage import Storage
from tests.at_random.judging import JUDGING
from tests.at_random.moves import CODES, SCORES, Move
from tests.at_random.result import RESULT
from tests.at_random.sharing import NEEDED, SHARING
from tests.at_random.supplement import SUPPLEMENT
from tests.at_random.visit import VISIT
from tests.at_random.witness import travel
from tests.result_factory import make_published
from tests.supplement_factory import School, make_school_before_a_panel

EXPERTS = 3
AREAS = (JUDGING, SHARING, SUPPLEMENT, VISIT, RESULT)
AFTERWARDS = ["draft an answer", "send the answer", "accept", "decline", "report", "check"]
ASKING = [name for name in SUPPLEMENT.steps if name != "withdraw the request"]
# One of these goes on at the school with each step.
MEANWHILE = ["find", "tick", "draw", "find", "give back"]
ALL = {name for area in AREAS for name in area.steps}
BEFORE = sorted(ALL - set(AFTERWARDS) - set(MEANWHILE))
# Often enough the whole way is gone, with anything in between.
TABLE = ["finish all", "open", "settle all", "propose", "sign", "publish"]
WAYS = [
    ["finish", "finish all", "share out", "share out", *TABLE],
    ["finish", "ask the school", "answer", "ask the school", "withdraw the request", *TABLE],
]
# What makes sense after a step of the way is tried more often than the rest.
NEAR = {
    "finish": ["correct", "score", *ASKING],
    "share out": ["score", "step aside", "take off", "share out"],
    "ask the school": ["change the dossier", "suggest a question"],
    "answer": ["score", "change the dossier"],
    "withdraw the request": ["change the dossier", "score"],
    "open": ["settle", "undo", "remark"],
    "settle all": ["undo", "settle", "remark", "write the report", "list for rectification"],
    "propose": ["withdraw", "withdraw", "undo"],
    "sign": ["reopen", "settle"],
    "publish": ["reopen", "undo"],
}


def _with_the_visit(moves: Iterable[Move]) -> list[list[Move]]:
    """Each step as a stage, together with what goes on at the school meanwhile."""
    return [[move, move._replace(name=name)] for move, name in zip(moves, cycle(MEANWHILE), strict=False)]


# Everything that can happen, in an order in which it can; the last expert is the one who leaves.
ONCE_SHARED_OUT = _with_the_visit(
    Move(name, number=EXPERTS - 1 if name in ("step aside", "take off") else 0)
    for name in [
        *("score", "finish", "correct", "finish all", "step aside", "share out", "finish all"),
        *("open", "settle all", "remark", "undo", "settle", "write the report", "list for rectification"),
        *("propose", "withdraw", "propose", "sign", "reopen", "propose", "sign", "publish"),
    ]
)
ONCE_ASKED = _with_the_visit(
    Move(name, number=EXPERTS - 1 if name == "take off" else 0)
    for name in [
        *("finish", "suggest a question", "ask the school", "change the dossier", "answer", "correct"),
        *("ask the school", "withdraw the request", "ask and answer", "take off", "share out"),
        *TABLE,
    ]
)
ONCE_ANSWERED = [
    [Move("draft an answer"), Move("send the answer"), Move("decline")],
    [Move("draft an answer", code="C26"), Move("send the answer", code="C26"), Move("accept", code="C26")],
    [Move("report"), Move("check", score="0.3")],
    [Move("report"), Move("check", score="1")],
]


def _moves(names: list[str]) -> st.SearchStrategy[Move]:
    return st.builds(
        Move,
        st.sampled_from(names),
        st.integers(0, EXPERTS - 1),
        st.sampled_from(CODES),
        st.sampled_from(SCORES),
    )


@st.composite
def _journeys(draw: st.DrawFn) -> list[list[Move]]:
    """A way or the beginning of it, with random steps after each of its own."""
    moves: list[Move] = []
    way = draw(st.sampled_from(WAYS))
    for name in way[: draw(st.integers(6, len(way)))]:
        moves.append(Move(name))
        moves += draw(st.lists(_moves(NEAR.get(name, []) * 8 + BEFORE), max_size=3))
    return _with_the_visit(moves)


@st.composite
def _aftermaths(draw: st.DrawFn) -> list[list[Move]]:
    """Answers from the draft to the decision, with random steps in between."""
    moves: list[Move] = []
    for code in CODES[: draw(st.integers(1, len(CODES)))]:
        for name in ("draft an answer", "send the answer", draw(st.sampled_from(["accept", "decline"]))):
            moves.append(Move(name, 0, code, draw(st.sampled_from(SCORES))))
            moves += draw(st.lists(_moves(AFTERWARDS * 4 + BEFORE), max_size=2))
    return [[move] for move in moves]


@pytest.fixture
def school(session: Session, storage: Storage, tmp_path: Path) -> School:
    """Before a panel whose elements are shared out, each to two of three experts."""
    return make_school_before_a_panel(
        session, storage, tmp_path, experts=EXPERTS, independent_scores=NEEDED, shared_out=True
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_is_tried_the_rules_hold(school: School) -> None:
    reached = travel(school, AREAS, _journeys(), once_through=[ONCE_SHARED_OUT, ONCE_ASKED], examples=14)
    assert reached >= ALL - set(AFTERWARDS) - {"hand in"}  # which "finish" does


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_is_tried_once_a_result_is_out_the_rules_hold(school: School) -> None:
    make_published(school.session, items=("C14",), scene=school.panel)
    reached = travel(school, AREAS, _aftermaths(), once_through=[ONCE_ANSWERED], examples=14)
    assert reached >= set(AFTERWARDS)
