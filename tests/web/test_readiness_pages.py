"""What is missing, as the home, element and submission pages tell it, and where each sentence leads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Dossier, EvidenceKind, FigureValue, Role, SelfAssessment
from rubric.loader import DEFAULT, find
from tests.conftest import Browser
from tests.factories import NOW, Staff, cite, make_dossier, make_evidence, make_staff, make_user, score_all

LogIn = Callable[..., Browser]


@dataclass
class Scene:
    """A school that cites its Party work plan for C1, and nothing else."""

    dossier: Dossier
    staff: Staff
    store: Session
    app: Flask
    folder: Path

    @property
    def home(self) -> str:
        return f"/dossiers/{self.dossier.id}"

    def element(self, code: str = "C1") -> str:
        return f"{self.home}/elements/{code}"

    def row(self, code: str) -> SelfAssessment:
        return self.store.scalars(
            select(SelfAssessment).where(
                SelfAssessment.dossier_id == self.dossier.id, SelfAssessment.element == code
            )
        ).one()

    def cite(self, code: str, title: str, days_ago: int = 100) -> None:
        storage = self.app.extensions["portfolio"].storage
        evidence = make_evidence(
            self.store, self.dossier.school, storage, self.folder, title=title, kind=EvidenceKind.PLAN
        )
        evidence.date = (NOW - timedelta(days=days_ago)).date()
        cite(self.store, self.dossier, code, evidence)
        self.store.commit()


@pytest.fixture
def scene(store: Session, app: Flask, tmp_path: Path) -> Scene:
    dossier = make_dossier(store)
    made = Scene(dossier, make_staff(store, dossier.school), store, app, tmp_path)
    score_all(store, dossier)
    made.cite("C1", "党建工作计划")
    return made


def page_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def line_of(page: str, material: str) -> str:
    """A material's part of the checklist."""
    return page.partition(f'id="m-{material}"')[2].partition('<li class="r-line"')[0]


def test_the_checklist_names_the_file_that_covers_a_material_and_marks_itself_as_ours(
    scene: Scene, log_in: LogIn
) -> None:
    page = page_of(log_in(scene.staff.lead), scene.element())
    assert "党建工作计划</a>" in line_of(page, "plan")
    assert "依据：“党建工作计划、总结、会议记录和落实措施”" in line_of(page, "summary")
    guidance = page.partition('id="expected"')[2]
    assert "不属于官方文本" in guidance
    assert 'class="official"' not in guidance


def test_the_checklist_tells_which_school_years_are_missing(scene: Scene, log_in: LogIn) -> None:
    scene.cite("C4", "立德树人工作计划")
    page = page_of(log_in(scene.staff.lead), scene.element("C4"))
    assert "还缺 2024–2025 · 2026–2027 学年" in line_of(page, "plan")


def test_a_material_is_ticked_with_a_reason_and_unticked_without_scripts(scene: Scene, log_in: LogIn) -> None:
    lead = log_in(scene.staff.lead)
    address = f"{scene.element()}/materials/summary"
    refused = lead.post(address, {"reason": "有"})
    assert refused.status_code == 422
    line = line_of(refused.get_data(as_text=True), "summary")
    assert 'value="有"' in line
    assert "请填写理由" in line
    assert "<details" in line and " open" in line
    assert lead.post(address, {"reason": "见学校年度总结第三节"}).status_code == 302
    line = line_of(page_of(lead, scene.element()), "summary")
    assert "见学校年度总结第三节" in line and scene.staff.lead.name in line
    assert lead.post(f"{address}/undo").status_code == 302
    assert "见学校年度总结第三节" not in page_of(lead, scene.element())
    assert lead.post(f"{scene.element()}/materials/unknown", {"reason": "没有这一项"}).status_code == 404


def test_every_gap_leads_to_a_place_that_is_there(scene: Scene, log_in: LogIn) -> None:
    scene.row("C2").score = None
    scene.row("C3").justification = ""
    scene.store.commit()
    lead = log_in(scene.staff.lead)
    home = page_of(lead, scene.home)
    targets = set(re.findall(r'<a class="(?:gap|chip)" href="([^"]+#[^"]+)"', home))
    assert {target.partition("#")[2] for target in targets} >= {
        "h-score",
        "justification",
        "h-cite",
        "m-summary",
    }
    for target in sorted(targets)[:6] + [t for t in targets if "#m-" in t]:
        path, _hash, anchor = target.partition("#")
        assert f'id="{anchor}"' in page_of(lead, path), target


def test_the_home_proposes_three_things_and_folds_the_rest_by_kind(scene: Scene, log_in: LogIn) -> None:
    page = page_of(log_in(scene.staff.lead), scene.home)
    steps = page.partition('class="gaps r-steps"')[2].partition("</ol>")[0]
    assert steps.count("<li>") == 3
    assert "约 " in steps
    groups = page.partition('class="r-groups"')[2].partition("</section>")[0]
    assert " open" not in groups
    assert {"无据", "缺少应有材料"} <= set(re.findall(r"<span>([^<]+)</span>", groups))
    assert len(page.encode()) <= 60_000


def test_advice_is_shown_beside_the_check_list_and_never_to_be_waived(scene: Scene, log_in: LogIn) -> None:
    page = page_of(log_in(scene.staff.lead), f"{scene.home}/submission")
    assert "可进一步充实" in page
    assert 'href="' + scene.element() + '#m-summary"' in page
    assert not re.search(r'name="gap" value="[^"]*missing_material"', page)


def test_full_marks_against_an_unmet_number_stand_on_every_page(scene: Scene, log_in: LogIn) -> None:
    year = scene.dossier.cycle.school_year
    for figure, value in (("pupils", 1000), ("books_lent", 12000)):
        scene.store.add(
            FigureValue(
                dossier_id=scene.dossier.id, figure=figure, year=year, value=Decimal(value), version=1
            )
        )
    scene.row("C67").score = find(DEFAULT).element("C67").points
    scene.cite("C67", "阅览室借阅统计")
    lead = log_in(scene.staff.lead)
    figure_page = f"{scene.home}/figures"
    for path in (scene.home, scene.element("C67"), f"{scene.home}/submission"):
        page = page_of(lead, path)
        assert f'href="{figure_page}#f-books_lent-{year}"' in page, path
    assert f'id="f-books_lent-{year}"' in page_of(lead, figure_page)
    assert "12 册/人" in page_of(lead, scene.element("C67"))


def test_only_the_school_is_told_of_a_file_made_at_the_last_minute(scene: Scene, log_in: LogIn) -> None:
    scene.cite("C1", "昨天补写的党课记录", days_ago=1)
    bureau = make_user(scene.store, Role.BUREAU)
    scene.store.commit()
    told, kept = log_in(scene.staff.lead), log_in(bureau)
    for path in (scene.element(), f"{scene.home}/submission"):
        assert "小时" in page_of(told, path)
        assert "72 小时" not in page_of(kept, path)
    assert "72 小时" in page_of(told, scene.element())
