"""The demo's gaps held against the rubric by hand, and closed one by one as the proposed steps say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.db import make_engine
from portfolio.demo.load import load
from portfolio.editions import weights_of
from portfolio.models import Dossier, EvidenceKind, Role, School, SelfAssessment
from portfolio.policy import Actor
from portfolio.queries.standing import Standing, standing
from portfolio.services import citations, dossiers
from portfolio.services.blobs import store
from portfolio.services.evidence import Description, add_evidence
from portfolio.storage import Storage
from rubric.gaps import Gap, Rule, next_steps, points_at_risk
from rubric.guidance import ExpectedMaterial
from rubric.loader import DEFAULT, find
from tests.factories import actor_for, make_user
from tests.services.test_demo import DRAFTING, PUBLISHED, REVIEW, place_at

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
RUBRIC = find(DEFAULT)

# 青槐路学校, all 84 elements: read off the rubric's wording and what the school cites, not off the program. Points:
# 60 % of the claim spread over the element's materials for a missing one, 40 % over materials and years for a missing
# year, half of it for an unmet measure, downwards to the hundredth.
BY_HAND = """
C1  missing_material summary       0.10  会议记录 and 工作计划 are there, 总结 is not
C1  missing_material measures      0.10
C1  missing_material rules         0.10
C1  missing_material values        0.10
C2  full_on_one_old_file -         1.0   only the minutes of 2023
C2  missing_material structure     0.15
C2  missing_material rules         0.15
C2  missing_material example       0.15
C3  missing_material integrity     0.12  党支部会议记录 and 党建工作计划 are none of the four
C3  missing_material ideology      0.12
C3  missing_material league        0.12
C3  missing_material union         0.12
C4  missing_material summary       0.20  党建工作计划 and 三年发展规划 are plans of all three years
C4  missing_material policy        0.20
C5  no_evidence -                  0.9
C6  missing_material publicity     0.12  方案 of three years and 问卷报告 are there
C6  missing_material activities    0.12
C7  missing_material qualification 0.12  基本情况表 is data, as 师生认同测评 would be
C7  missing_material thinking      0.12
C7  missing_material results       0.12
C7  missing_material influence     0.12
C8  missing_material qualification 0.10  基本情况表 names 干部 too
C8  missing_material duties        0.10
C8  missing_year minutes           0.04  only 2025–2026
C9  no_justification -             1.7
C9  missing_material measures      0.25  the plan itself is there
C9  missing_material results       0.25
C9  missing_material aims          0.25
C10 missing_material rules         0.20
C10 missing_material powers        0.20
C10 missing_year minutes           0.08  only 2025–2026
C11 missing_material transfers     0.15  招生, 均衡编班, 控辍保学 stand in one title
C12 unscored -                     1
C13 unscored -                     1
C14 missing_material rules         0.10  教代会 and 校务会 stand in one title
C14 missing_material openness      0.10
C14 missing_material opinions      0.10
C14 missing_year affairs           0.04  only 2025–2026
C16 no_evidence -                  0.9
C17 unscored -                     1
C18 missing_material conduct       0.20  方案 and 问卷报告 are there; the photograph is neither
C19 unscored -                     1
C20 no_evidence -                  0.8
C21 missing_material timetable     0.20
C21 missing_material textbooks     0.20
C22 missing_year designs           0.06  教学设计 of 2025–2026 only
C22 missing_material notes         0.13
C22 missing_material standards     0.13
C22 missing_material outside       0.13
C23 missing_material methods       0.27
C24 no_justification -             0.8
C24 missing_material scheme        0.16  a record of lessons; two of the three materials are records
C24 missing_material process       0.16
C24 missing_material final         0.16
C25 missing_material results       0.18  教学设计 is a lesson, 设备清单 names the tools
C26 missing_material model         0.16  a record, as 示范带动 would be
C26 missing_material subject       0.16
C27 missing_material improvement   0.16  反思 stands in the title
C27 missing_material summaries     0.16
C28 unscored -                     1
C29 missing_material rules         0.15  only 监测
C29 missing_material homework      0.15
C29 missing_material exams         0.15
C30 unscored -                     1
C31 no_justification -             0.9
C31 missing_material lessons       0.13  教研组与备课组活动记录 is two of the four
C31 missing_material plans         0.13
C32 missing_material results       0.18  课题 and 研究 stand in one title
C34 missing_material rules         0.18  the three-year plan is a plan
C34 missing_material practice      0.18
C35 unscored -                     1
C36 unscored -                     1
C37 missing_material rules         0.27  the minutes in which a scheme was voted are not the scheme
C37 missing_material pay           0.27
C37 missing_material honours       0.27
C37 missing_material care          0.27
C38 missing_material rules         0.21  记录 and 经费决算 are there; 方案 is told of, not filed
C38 missing_material plan          0.21
C38 missing_material cases         0.21
C39 missing_material measures      0.16  继续教育学时 stands for the certificates
C39 missing_material plans         0.16
C40 missing_material proof         0.16  统计 lists who went, 记录 what they brought home
C41 no_evidence -                  1
C42 missing_material pledge        0.20  师德 is appraised in the record, 满意度 in the survey
C43 full_on_one_old_file -         1.0   only the bulletin of 2023
C43 missing_material writing       0.30
C44 no_justification -             0.9
C44 missing_material subjects      0.18  who teaches what is not in 基本情况统计表
C45 missing_material demonstration 0.16  counted in the table, no proof of a lesson
C45 missing_material courses       0.16
C46 missing_material backbone      0.36  the table has 学历 and 职称; who the leading teachers are it doesn't say
C47 unscored -                     2
C48 missing_material system        0.25  two plans
C48 missing_material files         0.25
C48 missing_material activities    0.25
C49 missing_material body          0.22  方案, and a record of 心理健康教育
C49 missing_material funds         0.22
C49 missing_material summary       0.22
C49 missing_year activities        0.10  only 2025–2026
C50 missing_material subjects      0.36
C50 missing_material resources     0.36
C50 missing_year activities        0.16  升旗仪式 of this school year only
C51 unscored -                     1
C52 missing_material individual    0.18  学情分析 and 帮扶 stand in one title
C53 missing_material innovation    0.28
C53 missing_year clubs             0.12  only this autumn
C54 no_justification -             0.8
C54 missing_material exercise      0.09  three years of 体质 and 视力, and a record of 心理健康
C54 missing_material counsellor    0.09
C55 missing_material results       0.18
C55 missing_year clubs             0.08  only this autumn
C56 unscored -                     1
C57 unscored -                     1
C59 unscored -                     1
C60 missing_material rules         0.15  家长学校 and 家委会 stand in one title
C60 missing_year contacts          0.03  2024–2025 is lacking
C61 missing_material rules         0.20
C61 missing_material roll          0.20  told of, kept apart
C62 unscored -                     1
C63 unscored -                     1
C64 unscored -                     1
C65 unscored -                     1
C66 no_evidence -                  0.8
C67 unmet_measure teacher-seats    0.50   96 teachers on 16 seats are 6 to a seat; 5 are asked for
C67 missing_material system        0.12  藏书 and 借阅 are there
C67 missing_material seats         0.12
C67 missing_material corners       0.12
C68 no_justification -             0.7
C68 missing_material grounds       0.14  what pupils reach in a test shows neither ground nor equipment
C68 missing_material surface       0.14
C68 missing_material equipment     0.14
C69 unscored -                     1
C71 unscored -                     2
C72 missing_material pupils        0.12  平台月报 and 课题一览表
C72 missing_material teachers      0.12
C73 unscored -                     1
C74 missing_material body          0.12  a record with its list of dangers, and a photograph of a drill
C74 missing_material rules         0.12
C74 missing_material monitoring    0.12
C74 missing_material guards        0.12
C75 full_on_one_old_file -         1.0   only the summary of 2022
C75 missing_material law           0.15
C75 missing_material food          0.15
C75 missing_material bullying      0.15
C76 unscored -                     1
C77 missing_material deeds         0.40  升旗仪式 on 诚信 is moral education
C77 missing_material lawful        0.40
C78 missing_material interest      0.36  学业质量监测 and 学情分析 are there
C79 no_justification -             0.9
C80 no_evidence -                  0.9
C81 unscored -                     2
C82 unscored -                     2
C83 unscored -                     2
C84 missing_material return        0.25  the survey of parents is there
C84 missing_material awards        0.25  prizes of pupils are not the school's
C84 missing_material campus        0.25
"""
# The same of the other schools, in lines of the same form: # begins a remark.
BY_HAND_FILES = {
    REVIEW: Path(__file__).parents[1] / "data" / "demo_gaps_baliu.txt",
    PUBLISHED: Path(__file__).parents[1] / "data" / "demo_gaps_yunshan.txt",
}
# The whole school, from what it has not done yet.
UNSCORED = [
    "C12",
    "C13",
    "C17",
    "C19",
    "C28",
    "C30",
    "C35",
    "C36",
    "C47",
    "C51",
    "C56",
    "C57",
    "C59",
    "C62",
    "C63",
    "C64",
    "C65",
    "C69",
    "C71",
    "C73",
    "C76",
    "C81",
    "C82",
    "C83",
]
WITHOUT_EVIDENCE = ["C5", "C16", "C20", "C41", "C66", "C80"]
WITHOUT_JUSTIFICATION = ["C9", "C24", "C31", "C44", "C54", "C68", "C79"]
ON_ONE_OLD_FILE = ["C2", "C43", "C75"]
CITED_NOWHERE = {"2026年秋季运动会", "待整理扫描件", "教师节活动通知"}

WORDS = "本学年按计划完成了各项工作，过程记录逐月归档，问题已列出清单并明确责任人，下学期逐项复查整改效果。"


@pytest.fixture(scope="module")
def loaded(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Session, Storage]]:
    """The demo's three schools."""
    folder = tmp_path_factory.mktemp("gaps")
    path = folder / "portfolio.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    place = place_at(engine, f"sqlite:///{path}", folder)
    load(place.sessions, place.storage, place.settings, now=NOW)
    with place.sessions() as session:
        yield session, place.storage
    engine.dispose()


def dossier_of(session: Session, school: str) -> Dossier:
    dossier = session.scalars(select(Dossier).join(Dossier.school).where(School.name == school)).one()
    session.refresh(dossier, ["school", "cycle"])
    return dossier


def codes(stands: Standing, rule: Rule) -> list[str | None]:
    return [each.element for each in sorted_by_element(stands.readiness.gaps) if each.rule is rule]


def sorted_by_element(gaps: tuple[Gap, ...]) -> list[Gap]:
    return sorted(gaps, key=lambda gap: int(gap.element[1:]) if gap.element else 0)


def by_hand(school: str) -> set[tuple[str, str, str, Decimal]]:
    """What was read by hand of a school: element, rule, part, points."""
    path = BY_HAND_FILES.get(school)
    text = path.read_text(encoding="utf-8") if path else BY_HAND
    read = set()
    for line in text.strip().splitlines():
        if line.startswith("#"):
            continue
        element, rule, part, points, *_why = line.split()
        read.add((element, rule, "" if part == "-" else part, Decimal(points)))
    return read


@pytest.mark.parametrize("school", [DRAFTING, *BY_HAND_FILES])
def test_a_schools_gaps_are_as_read_by_hand(loaded: tuple[Session, Storage], school: str) -> None:
    session, _storage = loaded
    stands = standing(session, dossier_of(session, school), now=NOW)
    found = {
        (gap.element, str(gap.rule), gap.part, gap.points_at_risk)
        for gap in stands.readiness.gaps
        if gap.element
    }
    assert found == by_hand(school)


def test_every_element_that_cannot_be_submitted_so_is_named(loaded: tuple[Session, Storage]) -> None:
    session, _storage = loaded
    stands = standing(session, dossier_of(session, DRAFTING), now=NOW)
    assert codes(stands, Rule.UNSCORED) == UNSCORED
    assert codes(stands, Rule.NO_EVIDENCE) == WITHOUT_EVIDENCE
    assert codes(stands, Rule.NO_JUSTIFICATION) == WITHOUT_JUSTIFICATION
    assert codes(stands, Rule.FULL_ON_ONE_OLD_FILE) == ON_ONE_OLD_FILE
    uncited = {gap.context["title"] for gap in stands.readiness.gaps if gap.element is None}
    assert uncited == CITED_NOWHERE


class Worker:
    """Somebody who does what a step says, through the services that the pages use."""

    def __init__(self, session: Session, storage: Storage, dossier: Dossier, folder: Path) -> None:
        self.session = session
        self.storage = storage
        self.dossier = dossier
        self.folder = folder
        self.actor: Actor = actor_for(session, make_user(session, Role.LEAD, school=dossier.school))
        self.files = 0

    def do(self, gap: Gap, stands: Standing) -> None:
        """Close a gap."""
        assert gap.element is not None
        element = RUBRIC.element(gap.element)
        if gap.rule in (Rule.UNSCORED, Rule.NO_JUSTIFICATION, Rule.THIN_JUSTIFICATION):
            self.write(gap.element, stands.assessments[gap.element])
        elif gap.rule is Rule.UNMET_MEASURE:
            row = stands.assessments[gap.element]
            self.write(gap.element, row, score=element.points - Decimal("0.1"))
        else:
            named = [material for material in element.expected if material.code == gap.part]
            self.cite(gap.element, (named or list(element.expected))[0])

    def write(self, code: str, row: SelfAssessment, *, score: Decimal | None = None) -> None:
        """Score and justify; what was claimed stays unless another score is given."""
        score = score or row.score or RUBRIC.element(code).points - Decimal("0.1")
        dossiers.score_element(
            self.session,
            actor=self.actor,
            now=NOW,
            dossier=self.dossier,
            assessment=row,
            element=RUBRIC.element(code),
            score=str(score),
            justification=WORDS,
            version=row.version,
        )
        self.session.expire(row)

    def cite(self, code: str, material: ExpectedMaterial) -> None:
        """Upload and cite a file that is this material, for each of the three years."""
        self.files += 1
        path = self.folder / f"{self.files}.txt"
        path.write_text(f"{material.name.zh} {self.files}", encoding="utf-8")
        added = add_evidence(
            self.session,
            actor=self.actor,
            now=NOW,
            school_id=self.dossier.school_id,
            file=store(path, filename=path.name, school_id=self.dossier.school_id, storage=self.storage),
            description=Description(
                title=material.words[0].replace("…", ""),
                kind=EvidenceKind(material.kind.value),
                years=frozenset({2024, 2025, 2026}),
                date=day_of(datetime(2026, 9, 30, 6, 0, tzinfo=UTC)),
                remark="",
            ),
        )
        citations.cite(
            self.session,
            actor=self.actor,
            now=NOW,
            dossier_id=self.dossier.id,
            element=code,
            evidence_id=added.id,
        )


def test_doing_the_proposed_steps_one_by_one_leaves_nothing_at_risk(
    loaded: tuple[Session, Storage], tmp_path: Path
) -> None:
    session, storage = loaded
    session.rollback()
    worker = Worker(session, storage, dossier_of(session, DRAFTING), tmp_path)
    stands = standing(session, worker.dossier, now=NOW)
    left = points_at_risk(stands.readiness.gaps)
    assert left > 0
    for _step in range(400):
        gaps = [gap for gap in stands.readiness.gaps if gap.points_at_risk]
        if not gaps:
            break
        worker.do(next_steps(gaps, weights_of(session), limit=1)[0].gap, stands)
        session.refresh(worker.dossier, ["school", "cycle"])
        stands = standing(session, worker.dossier, now=NOW)
        now_left = points_at_risk(stands.readiness.gaps)
        assert now_left <= left
        left = now_left
    assert left == 0
    assert stands.readiness.totals.at_risk == 0
    assert stands.readiness.totals.unscored == 0
    assert [gap for gap in stands.readiness.gaps if gap.blocks] == []
    session.rollback()
