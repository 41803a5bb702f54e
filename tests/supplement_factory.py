"""A submitted dossier before a panel that asks for a supplement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Citation, Dossier, Evidence, Package, SelfAssessment, SupplementRequest
from portfolio.policy import Actor
from portfolio.queries.submission import check_list
from portfolio.queries.supplements import latest
from portfolio.services import citations, dossiers, packages, supplements
from portfolio.services.cycles import RoundPlan
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from tests.factories import (
    NOW,
    PASSWORD,
    Staff,
    actor_for,
    cite,
    make_cycle,
    make_dossier,
    make_evidence,
    make_school,
    make_staff,
    score_all,
)
from tests.panel_factory import Scene, make_scene

DUE = NOW + timedelta(days=7)
QUESTION = "请补充第二学期的会议记录，并说明缺席的原因。"


@dataclass
class School:
    """The school's side of a scene: its people, and what its elements cite."""

    panel: Scene
    storage: Storage
    staff: Staff
    folder: Path
    evidence: list[Evidence]

    @property
    def session(self) -> Session:
        return self.panel.session

    @property
    def dossier(self) -> Dossier:
        return self.panel.dossier

    @property
    def lead(self) -> Actor:
        """Who runs the application."""
        return actor_for(self.session, self.staff.lead)

    def ask(self, *codes: str, due_at: datetime = DUE, now: datetime = NOW) -> SupplementRequest:
        """The chair asks about these elements."""
        return supplements.ask(
            self.session,
            actor=self.panel.chair_actor,
            now=now,
            assignment=self.panel.assignment,
            questions=dict.fromkeys(codes, QUESTION),
            due_at=due_at,
        )

    def row(self, code: str) -> SelfAssessment:
        """The school's row for an element."""
        return self.session.scalars(
            select(SelfAssessment)
            .where(SelfAssessment.dossier_id == self.dossier.id, SelfAssessment.element == code)
            .execution_options(populate_existing=True)
        ).one()

    def write(self, code: str, *, score: str = "0.7", text: str = "", now: datetime = NOW) -> None:
        """The lead scores and justifies an element anew."""
        row = self.row(code)
        dossiers.score_element(
            self.session,
            actor=self.lead,
            now=now,
            dossier=self.dossier,
            assessment=row,
            element=find(DEFAULT).element(code),
            score=score,
            justification=text or row.justification,
            version=row.version,
        )

    def add(self, code: str, title: str) -> Evidence:
        """Evidence of its own, cited for an element."""
        made = make_evidence(self.session, self.dossier.school, self.storage, self.folder, title=title)
        citations.cite(
            self.session,
            actor=self.lead,
            now=NOW,
            dossier_id=self.dossier.id,
            element=code,
            evidence_id=made.id,
        )
        return made

    def drop(self, code: str) -> None:
        """Nothing is cited for an element any more."""
        for citation in self.session.scalars(
            select(Citation).where(Citation.dossier_id == self.dossier.id, Citation.element == code)
        ).all():
            citations.uncite(self.session, actor=self.lead, now=NOW, citation=citation)

    def hand_over(self, now: datetime = NOW) -> None:
        """The lead submits; what is missing in the elements handed in is waived."""
        asked = latest(self.session, self.dossier.id)
        elements = None if asked is None else set(asked.questions)
        listed = check_list(self.session, self.dossier, now=now, elements=elements)
        if listed.open:
            packages.waive(
                self.session,
                actor=self.lead,
                now=now,
                dossier=self.dossier,
                keys=[gap.key for gap in listed.open],
                reason="材料在区教育局存档",
            )
        packages.hand_over(self.session, actor=self.lead, now=now, dossier=self.dossier)

    def sign(self, now: datetime = NOW + timedelta(hours=1)) -> Package:
        """The principal signs."""
        return packages.sign(
            self.session,
            actor=actor_for(self.session, self.staff.principal),
            now=now,
            dossier=self.dossier,
            password=PASSWORD,
            storage=self.storage,
        )

    def answer(self) -> Package:
        """The school hands in what it has."""
        self.hand_over()
        return self.sign()


def make_school_before_a_panel(
    session: Session,
    storage: Storage,
    folder: Path,
    *,
    experts: int = 3,
    rounds: list[RoundPlan] | None = None,
    independent_scores: int = 1,
    shared_out: bool = False,
) -> School:
    """Everything scored and cited, submitted, and given to the first round's panel (`shared_out`: to each a part)."""
    plans = rounds or [RoundPlan("市级评估", independent_scores=independent_scores)]
    cycle = make_cycle(session, rounds=plans)
    dossier = make_dossier(session, make_school(session), cycle)
    staff = make_staff(session, dossier.school)
    score_all(session, dossier)
    evidence = [make_evidence(session, dossier.school, storage, folder, title=f"材料{n}") for n in range(2)]
    for element in find(DEFAULT).elements:
        cite(session, dossier, element.code, evidence[element.number % 2], page=3)
    panel = make_scene(session, experts=experts, dossier=dossier, shared_out=shared_out)
    return School(panel, storage, staff, folder, evidence)
