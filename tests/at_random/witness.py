"""Goes a journey step by step and looks after each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portfolio.db import Base
from portfolio.errors import DomainError
from portfolio.models import ElementReview, Review
from tests.at_random.moves import Area, Memory, Move
from tests.supplement_factory import School

# Every table's count, and what changes in rows that are there already.
_TRACES = select(
    *(select(func.count()).select_from(table).scalar_subquery() for table in Base.metadata.sorted_tables),
    select(func.sum(ElementReview.version)).scalar_subquery(),
    select(func.count(ElementReview.score)).scalar_subquery(),
    select(func.count(Review.handed_in_at)).scalar_subquery(),
)


class Witness:
    """Of one journey through the areas, from where the school and its panel stand."""

    def __init__(self, school: School, areas: Sequence[Area]) -> None:
        self.school = school
        self.steps = {name: step for area in areas for name, step in area.steps.items()}
        self.always = [check for area in areas for check in area.always]
        self.memory = Memory()
        self.reached: set[str] = set()

    def go(self, move: Move) -> None:
        """Take a step; what is refused left no trace even before it is rolled back."""
        before = self._traces()
        with suppress(DomainError), self.school.session.begin_nested():
            try:
                self.steps[move.name](self.school, move)
            except DomainError:
                assert self._traces() == before, move
                raise
            self.reached.add(move.name)

    def look(self) -> None:
        """Everything that always holds."""
        for check in self.always:
            check(self.school, self.memory)

    def _traces(self) -> tuple[Any, ...]:
        return tuple(self.school.session.execute(_TRACES).one())


def travel(
    school: School,
    areas: Sequence[Area],
    journeys: st.SearchStrategy[list[list[Move]]],
    *,
    once_through: Sequence[list[list[Move]]],
    examples: int,
) -> set[str]:
    """Journeys of stages, each from where the school stands, looking after every stage; the steps that got through."""
    session = school.session
    session.commit()
    reached: set[str] = set()

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(journeys)
    def go(journey: list[list[Move]]) -> None:
        whole = session.begin_nested()
        try:
            witness = Witness(school, areas)
            witness.look()
            for stage in journey:
                for move in stage:
                    witness.go(move)
                witness.look()
            reached.update(witness.reached)
        finally:
            whole.rollback()
            session.expire_all()

    for journey in once_through:
        go = example(journey)(go)
    go()
    return reached
