"""The sums beside the dossiers are what recomputation gives, whatever happens, on both engines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions, new_id
from portfolio.errors import DomainError
from portfolio.models import (
    IN_ALL,
    Citation,
    Dossier,
    DossierState,
    DossierSummary,
    ElementTally,
    Evidence,
    PackageSummary,
    SelfAssessment,
)
from portfolio.policy import Actor
from portfolio.queries.standing import standing
from portfolio.queries.submission import check_list
from portfolio.services import citations, cycles, dossiers, evidence, packages, summaries
from portfolio.services.evidence import Description
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from rubric.scoring import Totals
from tests.factories import (
    NOW,
    PASSWORD,
    actor_for,
    bureau_actor,
    cite,
    make_cycle,
    make_dossier,
    make_evidence,
    make_school,
    make_staff,
    score_all,
)

RUBRIC = find(DEFAULT)
STEPS = 120


class School:
    """A school that does whatever comes into its head."""

    def __init__(
        self, session: Session, storage: Storage, folder: Path, random: Random, school_dossiers: list[Dossier]
    ) -> None:
        self.session, self.storage, self.random, self.dossiers = session, storage, random, school_dossiers
        self.school = school_dossiers[0].school
        staff = make_staff(session, self.school)
        self.lead, self.principal = actor_for(session, staff.lead), actor_for(session, staff.principal)
        self.evidence = [make_evidence(session, self.school, storage, folder) for _ in range(4)]

    def act(self) -> None:
        """One random verb; what is refused changes nothing."""
        verb: Callable[[], object] = self.random.choices(
            [self.score, self.cite, self.uncite, self.describe, self.submit, self.many, self.change_mind],
            weights=[40, 25, 15, 4, 1, 4, 4],
        )[0]
        try:
            with self.session.begin_nested():
                verb()
        except DomainError:
            self.session.expire_all()

    def score(self) -> None:
        dossier, element = self.random.choice(self.dossiers), self.random.choice(RUBRIC.elements)
        row = self.session.scalars(
            select(SelfAssessment).where(
                SelfAssessment.dossier_id == dossier.id, SelfAssessment.element == element.code
            )
        ).one()
        typed = self.random.choice([None, "0", "0.3", "0.7", str(element.points)])
        dossiers.score_element(
            self.session,
            actor=self.lead,
            now=NOW,
            dossier=dossier,
            assessment=row,
            element=element,
            score=typed,
            justification="近三年记录完整。",
            version=row.version,
        )
        self.session.expire(row)

    def cite(self) -> None:
        citations.cite(
            self.session,
            actor=self.lead,
            now=NOW,
            dossier_id=self.random.choice(self.dossiers).id,
            element=self.random.choice(RUBRIC.elements[:30]).code,
            evidence_id=self.random.choice(self.evidence).id,
        )

    def _citation(self) -> Citation | None:
        ids = [dossier.id for dossier in self.dossiers]
        found = self.session.scalars(
            select(Citation).where(Citation.dossier_id.in_(ids)).order_by(Citation.id)
        ).all()
        return self.random.choice(found) if found else None

    def uncite(self) -> None:
        if citation := self._citation():
            citations.uncite(self.session, actor=self.lead, now=NOW, citation=citation)

    def change_mind(self) -> None:
        if citation := self._citation():
            passage = citations.Passage(self.random.randint(1, 9))
            citations.change_citation(
                self.session, actor=self.lead, now=NOW, citation=citation, passage=passage
            )

    def describe(self) -> None:
        piece = self.random.choice(self.evidence)
        said = Description(piece.title, piece.kind, frozenset({self.random.randint(2000, 2026)}))
        evidence.describe(
            self.session, actor=self.lead, now=NOW, evidence=piece, description=said, version=piece.version
        )

    def many(self) -> None:
        """Statements over many rows, as bulk work makes them."""
        dossier, piece = self.random.choice(self.dossiers), self.random.choice(self.evidence)
        if dossier.state is DossierState.SIGNING:
            raise DomainError("awaiting_signature")
        mine = Citation.dossier_id == dossier.id
        self.session.execute(delete(Citation).where(mine, Citation.evidence_id == piece.id))
        taken = self.random.sample(RUBRIC.elements, 6)
        rows = [
            {
                "id": new_id(),
                "dossier_id": dossier.id,
                "element": element.code,
                "evidence_id": piece.id,
                "cited_by": self.lead.user_id,
                "cited_at": NOW,
            }
            for element in taken
        ]
        self.session.execute(insert(Citation).values(rows))
        codes = [element.code for element in taken[:3]]
        self.session.execute(
            update(SelfAssessment)
            .where(SelfAssessment.dossier_id == dossier.id, SelfAssessment.element.in_(codes))
            .values(score=Decimal("0.4"), version=SelfAssessment.version + 1)
            .execution_options(synchronize_session=False)
        )
        self.session.expire_all()

    def submit(self) -> None:
        """Everything scored and every gap waived; sometimes recalled instead of signed."""
        dossier = self.random.choice(self.dossiers)
        if dossier.state is not DossierState.DRAFTING:
            raise DomainError("not_drafting")
        score_all(self.session, dossier)
        keys = [gap.key for gap in check_list(self.session, dossier, now=NOW).open]
        say: dict[str, Any] = {"session": self.session, "now": NOW, "dossier": dossier}
        packages.waive(**say, actor=self.lead, keys=keys, reason="材料在区教育局存档")
        for key in keys[:1]:
            packages.unwaive(**say, actor=self.lead, key=key)
            packages.waive(**say, actor=self.lead, keys=[key], reason="以现场为准")
        packages.hand_over(**say, actor=self.lead)
        if self.random.random() < 0.3:
            packages.recall(**say, actor=self.lead)
        else:
            packages.sign(**say, actor=self.principal, password=PASSWORD, storage=self.storage)


def shown(session: Session, dossier: Dossier) -> dict[str, Totals]:
    """A dossier's rows of sums."""
    rows = session.scalars(
        select(DossierSummary)
        .where(DossierSummary.dossier_id == dossier.id)
        .execution_options(populate_existing=True)
    )
    return {
        row.indicator: Totals(
            row.points, row.claimed, row.supported, row.scored, row.unscored, row.unscored_points
        )
        for row in rows
    }


def read_anew(session: Session, dossier: Dossier) -> dict[str, Totals]:
    """The same as the rubric's own arithmetic has it."""
    ready = standing(session, dossier, now=NOW).readiness
    return {a.code: ready.by_indicator[a.code] for a in RUBRIC.indicators} | {IN_ALL: ready.totals}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_work_keeps_the_sums_equal_to_recomputation(
    session: Session, storage: Storage, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    city = [make_cycle(session), make_cycle(session)]
    schools = []
    for _ in range(2):
        place = make_school(session)
        held = [make_dossier(session, place, cycle) for cycle in city]
        schools.append(School(session, storage, tmp_path, random, held))
    for step in range(STEPS):
        random.choice(schools).act()
        if step % 20 == 0:
            assert list(summaries.differences(session)) == []
    assert list(summaries.differences(session)) == []
    for dossier in (dossier for school in schools for dossier in school.dossiers):
        assert shown(session, dossier) == read_anew(session, dossier)
    assert session.scalar(select(func.count()).select_from(PackageSummary))
    summaries.compact(session)
    assert list(summaries.differences(session)) == []


def test_a_new_dossier_begins_with_every_point_unscored(session: Session) -> None:
    dossier = make_dossier(session)
    assert shown(session, dossier) == read_anew(session, dossier)
    assert shown(session, dossier)[IN_ALL].unscored_points == 100


def test_a_packages_sums_stay_while_the_dossier_goes_on(
    session: Session, storage: Storage, tmp_path: Path
) -> None:
    dossier = make_dossier(session)
    school = School(session, storage, tmp_path, Random(1), [dossier])
    cite(session, dossier, "C1", school.evidence[0])
    school.random = Random(1)
    while dossier.state is not DossierState.SUBMITTED:
        school.submit()
    held = select(PackageSummary.claimed, PackageSummary.supported).where(PackageSummary.indicator == IN_ALL)
    before = session.execute(held).one()
    session.execute(update(SelfAssessment).values(score=Decimal("0.1")))
    assert session.execute(held).one() == before == (Decimal("90.0"), Decimal("0.9"))
    assert shown(session, dossier)[IN_ALL].claimed == Decimal("8.4")


def test_a_tampered_row_is_named_and_rebuilding_puts_it_right(session: Session) -> None:
    dossier = make_dossier(session)
    score_all(session, dossier)
    session.execute(
        update(DossierSummary).where(DossierSummary.indicator == "A3").values(claimed=Decimal("1.0"))
    )
    session.execute(delete(ElementTally).where(ElementTally.element == "C9"))
    found = list(summaries.differences(session))
    assert [(each.thing, each.code) for each in found] == [("dossier", "A3"), ("cycle", "C9")]
    assert summaries.rebuild(session) == 2
    assert list(summaries.differences(session)) == []


@pytest.mark.parametrize("rounds", [12])
def test_two_who_write_in_one_dossier_at_once_leave_it_in_step(
    engine: Engine, session: Session, storage: Storage, tmp_path: Path, rounds: int
) -> None:
    """One takes citations and gives them back, the other changes the same elements' scores."""
    dossier = make_dossier(session)
    score_all(session, dossier)
    piece = make_evidence(session, dossier.school, storage, tmp_path)
    staff = make_staff(session, dossier.school)
    lead = actor_for(session, staff.lead)
    ids = (dossier.id, piece.id)
    session.commit()
    makers = make_sessions(engine)

    def alone(work: Callable[[Session, int], None]) -> None:
        for number in range(rounds):
            with makers() as own:
                begin_write(own)
                work(own, number)
                own.commit()

    def citing(own: Session, number: int) -> None:
        _cite_or_not(own, lead, ids, number)

    def scoring(own: Session, number: int) -> None:
        own.execute(
            update(SelfAssessment)
            .where(SelfAssessment.dossier_id == ids[0], SelfAssessment.element == f"C{number % 3 + 1}")
            .values(score=Decimal(number % 10) / 10)
        )

    threads = [threading.Thread(target=alone, args=(work,)) for work in (citing, scoring)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with makers() as own:
        assert list(summaries.differences(own)) == []


def _cite_or_not(session: Session, lead: Actor, ids: tuple[int, int], number: int) -> None:
    standing_here = session.scalars(select(Citation).where(Citation.dossier_id == ids[0])).all()
    for citation in standing_here:
        citations.uncite(session, actor=lead, now=NOW, citation=citation)
    if number % 2:
        return
    for element in ("C1", "C2", "C3"):
        citations.cite(session, actor=lead, now=NOW, dossier_id=ids[0], element=element, evidence_id=ids[1])


def test_what_a_transaction_undoes_is_undone_in_the_sums(session: Session) -> None:
    dossier = make_dossier(session)
    before = shown(session, dossier)
    undone = session.begin_nested()
    score_all(session, dossier)
    assert shown(session, dossier) != before
    undone.rollback()
    session.expire_all()
    assert shown(session, dossier) == before
    assert list(summaries.differences(session)) == []


def test_opening_a_dossier_through_the_service_makes_its_rows(session: Session) -> None:
    cycle = make_cycle(session)
    cycles.open_dossier(
        session,
        actor=bureau_actor(session),
        now=NOW + timedelta(days=1),
        school=make_school(session),
        cycle=cycle,
    )
    assert session.scalar(select(func.count()).select_from(DossierSummary)) == 8
    assert session.scalar(select(func.count()).select_from(Evidence)) == 0
