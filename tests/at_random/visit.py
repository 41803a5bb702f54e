"""What goes on at the school meanwhile: findings, the agenda, draws."""

from __future__ import annotations

from sqlalchemy import select

from portfolio.errors import NotFound
from portfolio.models import Draw, Finding
from portfolio.queries.beside import beside_score
from portfolio.services import draws, findings, visits
from portfolio.services.findings import Note
from tests.at_random.moves import CODES, Area, Memory, Move, words
from tests.factories import NOW
from tests.supplement_factory import School


def _find(school: School, move: Move) -> None:
    """A finding, or another wording of the one there is."""
    assignment, author = school.panel.assignment, school.panel.experts[move.number]
    token = f"00000000-0000-4000-8000-{move.number:04}{int(move.code[1:]):08}"
    standing = findings.find(school.session, assignment=assignment, author_id=author.id, token=token)
    findings.note(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        assignment=assignment,
        token=token,
        version=standing.version if standing else 0,
        typed=Note(
            "inspect", f"{words(move.number)}{move.score}", move.code, contradicts=move.score == "0.3"
        ),
    )


def _give_back(school: School, move: Move) -> None:
    """Whichever finding of theirs; somebody else's where they have none."""
    author = school.panel.experts[move.number]
    found = school.session.scalars(
        select(Finding).order_by(Finding.author_id != author.id, Finding.token)
    ).first()
    if found is None:
        raise NotFound()
    findings.withdraw(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        assignment=school.panel.assignment,
        finding=found,
    )


def _tick(school: School, move: Move) -> None:
    visits.tick(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        assignment=school.panel.assignment,
        item="A1.2.discuss",
        done=move.score != "",
    )


def _draw(school: School, move: Move) -> None:
    draws.draw_sample(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        assignment=school.panel.assignment,
        title=f"名单{move.number}",
        lines="",
        count=str(20 + move.number),
        size="3",
        reason=move.score and "再抽一次。",
    )


def _no_draw_changes(school: School, memory: Memory) -> None:
    drawn = school.session.scalars(select(Draw))
    memory.keeps("draws", {each.id: (each.seed, each.drawn) for each in drawn})


def _nobody_reads_anothers_findings_before_the_table_is_open(school: School, memory: Memory) -> None:
    for number, review in enumerate(school.panel.reviews):
        if school.panel.assignment.settling_since and review.handed_in_at:
            continue
        for code in CODES:
            beside = beside_score(school.session, school.panel.actor(number), review, code)
            assert not [each for each in beside.findings if each.author_id != review.expert_id]


VISIT = Area(
    steps={"find": _find, "tick": _tick, "draw": _draw, "give back": _give_back},
    always=(_no_draw_changes, _nobody_reads_anothers_findings_before_the_table_is_open),
)
