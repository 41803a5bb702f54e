"""Ticking expected materials by hand, and what every rule means for a submission; on both engines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.editions import GAP_WEIGHTS
from portfolio.errors import DomainError, NotFound
from portfolio.models import (
    AuditEvent,
    Dossier,
    DossierState,
    EvidenceKind,
    FigureValue,
    PackageWaiver,
    SelfAssessment,
)
from portfolio.policy import Actor
from portfolio.queries.standing import Standing, standing
from portfolio.queries.submission import check_list
from portfolio.services import checklists, packages
from portfolio.storage import Storage
from rubric.gaps import ElementStatus, Gap, Rule, default_weights
from rubric.loader import DEFAULT, find
from tests.factories import (
    NOW,
    PASSWORD,
    Staff,
    actor_for,
    cite,
    make_dossier,
    make_evidence,
    make_staff,
    score_all,
)

C1 = find(DEFAULT).element("C1")


@dataclass
class Scene:
    """A dossier scored at nine tenths, with the minutes cited for everything."""

    session: Session
    storage: Storage
    dossier: Dossier
    staff: Staff

    @property
    def lead(self) -> Actor:
        return actor_for(self.session, self.staff.lead)

    def stands(self, **options: bool) -> Standing:
        return standing(self.session, self.dossier, now=NOW, **options)

    def gaps(self, rule: Rule) -> list[Gap]:
        return [gap for gap in self.stands().readiness.gaps if gap.rule is rule]

    def tick(self, material: str = "plan", reason: str = "原件在区教育局存档") -> None:
        checklists.tick(
            self.session,
            actor=self.lead,
            now=NOW,
            dossier=self.dossier,
            element=C1,
            material=material,
            reason=reason,
        )

    def actions(self) -> list[str]:
        found = self.session.scalars(
            select(AuditEvent.action).where(AuditEvent.action.like("material:%")).order_by(AuditEvent.id)
        )
        return list(found)


@pytest.fixture
def scene(session: Session, storage: Storage, tmp_path: Path) -> Scene:
    dossier = make_dossier(session)
    staff = make_staff(session, dossier.school)
    score_all(session, dossier)
    for number in range(14):  # six elements each: no file carries more
        evidence = make_evidence(session, dossier.school, storage, tmp_path)
        for element in find(DEFAULT).elements[number * 6 : number * 6 + 6]:
            cite(session, dossier, element.code, evidence)
    return Scene(session, storage, dossier, staff)


def missing(scene: Scene) -> set[str]:
    return {gap.part for gap in scene.gaps(Rule.MISSING_MATERIAL) if gap.element == "C1"}


def test_a_checklist_fills_itself_from_the_title_of_what_is_cited(scene: Scene, tmp_path: Path) -> None:
    assert missing(scene) == {"plan", "summary", "measures", "rules", "values"}
    plan = make_evidence(
        scene.session,
        scene.dossier.school,
        scene.storage,
        tmp_path,
        title="党建工作计划",
        kind=EvidenceKind.PLAN,
    )
    cite(scene.session, scene.dossier, "C1", plan)
    assert missing(scene) == {"summary", "measures", "rules", "values"}
    lines = {line.material.code: line for line in scene.stands().checklist(C1)}
    assert [file.title for file in lines["plan"].evidence] == ["党建工作计划"]


def test_a_tick_closes_its_gap_and_taking_it_back_opens_it_again(scene: Scene) -> None:
    scene.tick()
    assert "plan" not in missing(scene)
    ticked = scene.stands().ticks["C1"]["plan"]
    assert (ticked.reason, ticked.by, ticked.at) == ("原件在区教育局存档", scene.staff.lead.name, NOW)
    scene.tick(reason="在校史馆陈列")
    assert scene.stands().ticks["C1"]["plan"].reason == "在校史馆陈列"
    for _twice in range(2):
        checklists.untick(
            scene.session, actor=scene.lead, now=NOW, dossier=scene.dossier, element=C1, material="plan"
        )
    assert "plan" in missing(scene)
    assert scene.actions() == ["material:ticked", "material:ticked", "material:unticked"]


def test_a_tick_needs_a_reason_and_a_material_of_that_element(scene: Scene) -> None:
    with pytest.raises(DomainError, match="reason_missing"):
        scene.tick(reason=" 有 ")
    with pytest.raises(DomainError, match="text_too_long"):
        scene.tick(reason="长" * 401)
    with pytest.raises(NotFound):
        scene.tick(material="no-such")
    assert scene.actions() == []


def test_nothing_is_ticked_while_the_principal_has_it(scene: Scene) -> None:
    packages.hand_over(scene.session, actor=scene.lead, now=NOW, dossier=scene.dossier)
    with pytest.raises(DomainError, match="awaiting_signature"):
        scene.tick()


def test_advice_neither_blocks_nor_changes_the_dot(scene: Scene) -> None:
    assert missing(scene)
    assert scene.stands().readiness.statuses["C1"] is ElementStatus.OK
    assert check_list(scene.session, scene.dossier, now=NOW).open == []


def test_full_marks_against_an_unmet_number_block_and_stand_on_every_reading(scene: Scene) -> None:
    year = scene.dossier.cycle.school_year
    for figure, value in (("pupils", 1000), ("books_lent", 12000)):
        scene.session.add(
            FigureValue(
                dossier_id=scene.dossier.id, figure=figure, year=year, value=Decimal(value), version=1
            )
        )
    row = scene.session.scalars(
        select(SelfAssessment).where(
            SelfAssessment.dossier_id == scene.dossier.id, SelfAssessment.element == "C67"
        )
    ).one()
    assert scene.gaps(Rule.UNMET_MEASURE) == []
    row.score = find(DEFAULT).element("C67").points
    scene.session.flush()
    (gap,) = scene.gaps(Rule.UNMET_MEASURE)
    assert gap.element == "C67"
    assert scene.stands().readiness.statuses["C67"] is ElementStatus.GAP
    assert check_list(scene.session, scene.dossier, now=NOW).open == [gap]
    with pytest.raises(DomainError, match="gaps_open"):
        packages.hand_over(scene.session, actor=scene.lead, now=NOW, dossier=scene.dossier)


def test_what_only_the_school_is_told_reaches_nobody_else(scene: Scene, tmp_path: Path) -> None:
    hasty = make_evidence(scene.session, scene.dossier.school, scene.storage, tmp_path, title="昨天的记录")
    hasty.date = (NOW - timedelta(days=1)).date()
    cite(scene.session, scene.dossier, "C1", hasty)
    (gap,) = scene.gaps(Rule.LAST_MINUTE_FILE)
    told = scene.stands(to_school=False).readiness.gaps
    assert Rule.LAST_MINUTE_FILE not in {each.rule for each in told}
    listed = check_list(scene.session, scene.dossier, now=NOW)
    assert gap not in listed.gaps
    assert gap in listed.advice
    with pytest.raises(DomainError, match="gap_unknown"):
        packages.waive(
            scene.session,
            actor=scene.lead,
            now=NOW,
            dossier=scene.dossier,
            keys=[gap.key],
            reason="来不及补充",
        )
    packages.hand_over(scene.session, actor=scene.lead, now=NOW, dossier=scene.dossier)
    package = packages.sign(
        scene.session,
        actor=actor_for(scene.session, scene.staff.principal),
        now=NOW + timedelta(hours=1),
        dossier=scene.dossier,
        password=PASSWORD,
        storage=scene.storage,
    )
    assert scene.session.scalars(select(PackageWaiver)).all() == []
    assert "last_minute" not in package.manifest


def test_the_last_hours_count_from_the_submission_not_from_today(scene: Scene, tmp_path: Path) -> None:
    hasty = make_evidence(scene.session, scene.dossier.school, scene.storage, tmp_path, title="昨天的记录")
    hasty.date = date(2026, 11, 22)
    cite(scene.session, scene.dossier, "C1", hasty)
    packages.hand_over(scene.session, actor=scene.lead, now=NOW, dossier=scene.dossier)
    assert scene.dossier.state is DossierState.SIGNING
    later = standing(scene.session, scene.dossier, now=NOW + timedelta(days=30))
    assert Rule.LAST_MINUTE_FILE in {gap.rule for gap in later.readiness.gaps}


def test_an_installation_weighs_gaps_its_own_way(scene: Scene) -> None:
    before = sum(gap.points_at_risk for gap in scene.gaps(Rule.MISSING_MATERIAL))
    weights = default_weights()
    shares = {**weights.shares, Rule.MISSING_MATERIAL: Decimal(1)}
    scene.session.info[GAP_WEIGHTS] = replace(weights, shares=shares)
    assert sum(gap.points_at_risk for gap in scene.gaps(Rule.MISSING_MATERIAL)) > before
