"""Elements shared out among the experts, and who leaves the panel; what is settled had as many scores as it needs."""

from __future__ import annotations

from portfolio.models import Split
from portfolio.queries import assigning, places
from portfolio.queries.allotted import allotment, short_elements
from portfolio.queries.settlement import table
from portfolio.services import panels, reallotting
from portfolio.services.allotting import too_few
from portfolio.services.assigning import redraft
from rubric.loader import DEFAULT, find
from tests.at_random.moves import Area, Memory, Move, bureau, by
from tests.factories import NOW
from tests.supplement_factory import School

NEEDED = 2  # independent scores


def _step_aside(school: School, move: Move) -> None:
    panels.declare_conflict(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        user=school.panel.experts[move.number],
        school=school.panel.school,
        reason="亲属在该校任教",
    )


def _take_off(school: School, move: Move) -> None:
    reallotting.remove_expert(
        **by(school, bureau(school)),
        review=school.panel.reviews[move.number],
        reason="病假",
    )


def _share_out(school: School, move: Move) -> None:
    """What lacks goes to the others; with a score named, everything that isn't begun is shared out anew."""
    session, assignment = school.session, school.panel.assignment
    located, _place = places.settlement(
        session, round_id=assignment.round_id, package_id=assignment.package_id
    )
    seats = assigning.seats(session, located)
    free = {seat.user_id: seat.on_hand for seat in seats if seat.counts}
    wanted = redraft(find(DEFAULT), seats, free, Split.SUB_INDICATOR, needed=NEEDED, anew=bool(move.score))
    reallotting.reallot(session, actor=bureau(school), now=NOW, assignment=assignment, allotment=wanted)


def _settled_elements_had_their_scores(school: School, memory: Memory) -> None:
    """The table shows scores only while every element has as many as it needs."""
    session, assignment = school.session, school.panel.assignment
    located, _place = places.settlement(
        session, round_id=assignment.round_id, package_id=assignment.package_id
    )
    shown = table(session, located, find(DEFAULT), for_chair=True)
    assert all(len(row.scores) >= NEEDED for row in shown.rows)
    if located.closed_at is None:
        missing = set(short_elements(session, [located.id]).get(located.id, ()))
        assert missing == set(too_few(find(DEFAULT), allotment(session, located), needed=NEEDED))


SHARING = Area(
    steps={"step aside": _step_aside, "take off": _take_off, "share out": _share_out},
    always=(_settled_elements_had_their_scores,),
)
