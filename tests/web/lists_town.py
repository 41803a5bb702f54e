"""A town for the tests of lists: one school with a published result, others at every stage; and each list's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from portfolio.models import (
    Determination,
    Dossier,
    EvidenceKind,
    Role,
    Round,
    School,
    SelfAssessment,
    SettlementRule,
    User,
)
from portfolio.queries import results
from portfolio.services import appeals, awards, invitations, panel_reports, publishing, trash
from portfolio.services.panel_reports import Plan
from portfolio.storage import Storage
from tests.factories import (
    NOW,
    actor_for,
    bureau_actor,
    cite,
    make_cycle,
    make_dossier,
    make_evidence,
    make_school,
    make_staff,
    make_user,
    read_pages,
    score_all,
)
from tests.panel_factory import Scene, make_scene
from tests.web.later_round import give_to_second_round


@dataclass(frozen=True)
class Case:
    """A list: whose page it is on, at which addresses they are compared, and where its rows stand on the page."""

    who: str
    page: str
    # the column that holds what `rows` finds on the page; empty: only as many
    column: str
    rows: str
    queries: tuple[str, ...] = ("",)
    # where the list is taken from, if not from the page's own address
    file: str = ""
    # what the page needs to show all of its rows
    whole: str = ""


@dataclass(frozen=True)
class Town:
    """One scene for all lists: the parts of addresses, and who goes there."""

    parts: Mapping[str, object]
    people: Mapping[str, User]


HEAD = r'<th scope="row"><a [^>]*>([^<]+)</a>'
TASK = r"<b>(C\d+)</b>"
THIS, LAST = "?cycle={cycle}", "?cycle={last}"
TABLE = "/rounds/{round}/settlement/{at_table}"
LIBRARY = "/schools/{school}/evidence"
GAP_COUNT = r'<summary>.*?<span class="quiet">(\d+)</span>'
CASES: dict[str, Case] = {
    "lists.city": Case(
        "bureau",
        "/bureau",
        "学校",
        HEAD,
        ("", "?sort=school&order=asc", "?district=雁塔区", "?state=reviewing", LAST),
        file="/bureau/city",
    ),
    "lists.matters": Case(
        "bureau",
        "/bureau",
        "学校",
        r'class="gap b-matter".*?</b><span>([^<]+)</span>',
        file="/bureau/matters",
    ),
    "lists.weakest_elements": Case(
        "bureau", "/bureau", "要素", r'class="gap b-weak".*?<b>(C\d+)</b>', file="/bureau/weakest"
    ),
    "lists.cycles": Case("bureau", "/bureau/cycles", "名称", HEAD),
    "lists.taking_part": Case(
        "bureau",
        "/bureau/cycles/{cycle}",
        "学校",
        r'<li><a href="/dossiers/\d+">([^<]+)</a>',
        file="/bureau/cycles/{cycle}/schools",
    ),
    "lists.given_packages": Case(
        "bureau",
        "/bureau/panels",
        "学校",
        r'(?m)^<th scope="row">([^<]+)</th>',
        ("", THIS, LAST),
        file="/bureau/panels/packages",
    ),
    "lists.panel_seats": Case(
        "bureau",
        "/bureau/panels",
        "",
        r'<span class="b-names">(.*)</span>',
        (THIS, LAST),
        file="/bureau/panels/people",
    ),
    "lists.schools": Case("bureau", "/bureau/schools", "名称", HEAD, ("", "?name=雁塔", "?name=nobody")),
    "lists.accounts": Case(
        "bureau", "/bureau/accounts", "姓名", HEAD, ("", "?role=expert", "?name=王", "?role=lead&name=none")
    ),
    "lists.invitations": Case(
        "bureau", "/bureau/accounts", "姓名", r"<li><span><b>([^<]+)</b>", file="/bureau/invitations"
    ),
    "lists.school_people": Case(
        "bureau",
        "/bureau/schools/{school}",
        "姓名",
        r'<li><a href="/bureau/accounts/\d+">([^<]+)</a>',
        file="/bureau/schools/{school}/people",
    ),
    "lists.school_dossiers": Case(
        "bureau",
        "/bureau/schools/{school}",
        "批次",
        r'<li><a href="/dossiers/\d+">([^<]+)</a>',
        file="/bureau/schools/{school}/dossiers",
    ),
    "lists.school_invitations": Case(
        "bureau",
        "/bureau/schools/{school}",
        "姓名",
        r"<li><span><b>([^<]+)</b>",
        file="/bureau/schools/{school}/invitations",
    ),
    "lists.staff": Case("lead", "/schools/{school}/people", "姓名", r"<li>\s*<div><b>([^<]+)</b>"),
    "lists.staff_invitations": Case(
        "lead",
        "/schools/{school}/people",
        "姓名",
        r"<li><span><b>([^<]+)</b>",
        file="/schools/{school}/invitations",
    ),
    "lists.ways": Case(
        "bureau",
        "/bureau/progress",
        "学校",
        r'<a href="/packages/\d+">([^<]+)</a>',
        ("", THIS, LAST, "?show=late", "?round={round}", "?round={last}"),
    ),
    "lists.loads": Case(
        "bureau",
        "/bureau/progress",
        "评审专家",
        r'<a href="/bureau/accounts/\d+">([^<]+)</a>',
        (THIS, LAST),
        file="/bureau/progress/loads",
    ),
    "lists.closed_reviews": Case(
        "bureau", "/bureau/publication", "学校", r'<label for="a-\d+">([^<]+)</label>', (THIS, LAST)
    ),
    "lists.certificates": Case(
        "bureau",
        "/bureau/certificates",
        "证书编号",
        r"<td>(新优质〔\d+〕\d+号)</td>",
        ("", THIS, LAST, "?state=revoked", "?state=valid"),
    ),
    "lists.audit_trail": Case(
        "bureau",
        "/bureau/audit",
        "",
        r'<time datetime="([^"]+)"',
        ("?action=package:assigned", "?school={school}&action=certificate:awarded", "?person=nobody"),
    ),
    "lists.evidence": Case(
        "lead",
        LIBRARY,
        "名称",
        r'<span class="evi-name"><a [^>]*>([^<]+)</a>',
        (
            "",
            "?order=title",
            "?cited=uncited",
            "?kind=plan",
            "?year=2024",
            "?problem=uncited",
            "?element=C14",
        ),
    ),
    "lists.trash": Case(
        "lead", f"{LIBRARY}/trash", "名称", r'<span class="thrown-name"><a [^>]*>([^<]+)</a>'
    ),
    "lists.uncited": Case(
        "lead", f"{LIBRARY}/uncited", "名称", r'<span class="sorting-name"><a [^>]*>([^<]+)</a>'
    ),
    "lists.catalogue": Case(
        "lead", f"{LIBRARY}/catalogue", "名称", r'<td class="cat-title"><a [^>]*>([^<]+)</a>'
    ),
    "lists.elements": Case(
        "lead",
        "/dossiers/{dossier}",
        "要素",
        r'class="heat-cell"[^>]*aria-label="(C\d+) ',
        file="/dossiers/{dossier}/elements",
    ),
    "lists.gaps": Case("lead", "/dossiers/{dossier}", "", GAP_COUNT, file="/dossiers/{dossier}/gaps"),
    "lists.check_list": Case("lead", "/dossiers/{dossier}/submission", "", r"(?s)<main.*</main>"),
    "lists.my_work": Case("contributor", "/dossiers/{dossier}/work/mine", "要素", TASK),
    "lists.division": Case("lead", "/dossiers/{dossier}/work", "要素", TASK),
    "lists.basic_figures": Case(
        "lead", "/dossiers/{dossier}/figures", "", r'<div class="f-input"><input class="form-control"'
    ),
    "lists.measures": Case(
        "lead",
        "/dossiers/{dossier}/figures",
        "要素",
        r'<section><h3><a href="/dossiers/\d+/elements/(C\d+)"',
        file="/dossiers/{dossier}/measures",
    ),
    "lists.compared": Case(
        "lead", "/dossiers/{dossier}/city", "", r'<th scope="row" class="t-name"><b>(A\d)</b>'
    ),
    "lists.carried_citations": Case(
        "lead", "/dossiers/{dossier}/carry-over", "名称", r"<li><b>C\d+</b><a [^>]*>([^<]+)</a>"
    ),
    "lists.to_put_right": Case(
        "lead",
        "/dossiers/{dossier}/carry-over",
        "要素",
        r'<li><b>(C\d+)</b><div><span>[^<]+</span> <span class="quiet">',
        file="/dossiers/{dossier}/carry-over/problems",
    ),
    "lists.submitted": Case(
        "lead",
        "/packages/{package}",
        "要素",
        r'class="sheet frozen-element" id="(C\d+)"',
        file="/packages/{package}/elements",
        whole="?part=all",
    ),
    "lists.my_reviews": Case("expert", "/reviews", "学校", r"<h3>(?:<a [^>]*>)?([^<]+)(?:</a>)?</h3>"),
    "lists.scores": Case(
        "chair",
        TABLE,
        "要素",
        r'#sheet">(C\d+)</a>',
        ("", "?sort=code", "?show=discuss", "?show=below&sort=self", "?sort=deviation&element=C3"),
    ),
    "lists.disagreements": Case(
        "chair",
        TABLE,
        "指标",
        r'<tr><th scope="row">(A\d [^<]+?) <',
        ("", "?sort=code"),
        file=f"{TABLE}/areas",
    ),
    "lists.round_differences": Case(
        "bureau",
        "/bureau/cycles/{twice}/differences",
        "要素",
        r"<td><b>(C\d+)</b>",
    ),
    "lists.left_to_put_right": Case("bureau", "/bureau/rectification", "要素", r'#item-\d+">(C\d+)</a>'),
    "lists.rectification": Case(
        "lead", "/rounds/{won_round}/rectification/{package}", "要素", r'<h2 id="h-\d+">\d+\. (C\d+) '
    ),
    "lists.answered": Case(
        "lead", "/rounds/{won_round}/answers/{package}", "要素", r'/elements/C\d+">(C\d+) '
    ),
    "lists.result": Case("lead", "/dossiers/{won}/result", "", r'<li id="C\d+">|<span class="chip"><i'),
}


def make_town(app: Flask, store: Session, folder: Path) -> Town:
    """A school with a published result that drafts anew, beside schools at every stage of this cycle."""
    storage = app.extensions["portfolio"].storage
    school = make_school(store, "钟楼小学", "碑林区")
    staff = make_staff(store, school)
    won = make_scene(store, experts=2, dossier=_submitted(store, storage, folder, school))
    won.cycle.opens_at -= timedelta(days=365)
    _publish(store, won, below={"C3": "0.4", "C9": "0.2"})
    _answer(store, won, staff.lead, staff.principal)
    twice = _judged_twice(store)
    cycle = make_cycle(store)
    dossier = make_dossier(store, school, cycle)
    _draft(store, storage, folder, dossier, staff.lead, staff.contributor)
    late = _beside(store, make_dossier(store, make_school(store, "大雁塔小学", "雁塔区"), cycle))
    table = _beside(store, make_dossier(store, make_school(store, "曲江中学", "雁塔区"), cycle))
    closed = _beside(store, make_dossier(store, make_school(store, "未央中学"), cycle))
    for number in range(2):
        table.hand_in(number, {"C3": f"0.{number + 1}"} if number else {"C9": "0.1"})
    table.open_table()
    _close(closed)
    store.execute(update(Round).where(Round.cycle_id == cycle.id).values(review_by=NOW - timedelta(days=2)))
    invitations.invite(
        store,
        actor=bureau_actor(store),
        now=NOW,
        lifetime=timedelta(days=7),
        name="李某",
        role=Role.CONTRIBUTOR,
        school_id=school.id,
    )
    people = {
        "bureau": make_user(store, Role.BUREAU),
        "lead": staff.lead,
        "contributor": staff.contributor,
        "expert": late.experts[0],
        "chair": table.chair,
        "second": table.experts[1],
    }
    parts = {
        "school": school.id,
        "dossier": dossier.id,
        "won": won.dossier.id,
        "cycle": cycle.id,
        "last": won.cycle.id,
        "twice": twice.cycle.id,
        "won_round": won.assignment.round_id,
        "package": won.package.id,
        "round": table.assignment.round_id,
        "at_table": table.package.id,
        "late": late.package.id,
    }
    store.commit()
    return Town(parts, people)


def _submitted(store: Session, storage: Storage, folder: Path, school: School) -> Dossier:
    dossier = make_dossier(store, school)
    score_all(store, dossier)
    for code in ("C3", "C9", "C14"):
        cite(store, dossier, code, make_evidence(store, school, storage, folder, title=f"去年{code}材料"))
    return dossier


def _publish(store: Session, scene: Scene, *, below: dict[str, str]) -> None:
    _close(scene, below)
    office = bureau_actor(store)
    publishing.publish(store, actor=office, now=NOW, assignment=scene.assignment)
    scene.cycle.award_years = 3
    found = results.published(store, office, scene.cycle)
    (first,) = awards.award(store, actor=office, now=NOW, cycle=scene.cycle, results=found)
    awards.revoke(store, actor=office, now=NOW, certificate=first, reason="名称有误，重新颁发。")
    awards.award(store, actor=office, now=NOW, cycle=scene.cycle, results=found)


def _answer(store: Session, scene: Scene, lead: User, principal: User) -> None:
    """The school answers to a factual error, and has drafted another answer."""
    for code in ("C3", "C9"):
        appeals.draft(
            store,
            actor=actor_for(store, lead),
            now=NOW,
            assignment=scene.assignment,
            code=code,
            text="第三页有记录。",
            cited=[],
            version=0,
        )
    appeals.send(
        store,
        actor=actor_for(store, principal),
        now=NOW,
        assignment=scene.assignment,
        code="C9",
        version=1,
    )


def _judged_twice(store: Session) -> Scene:
    """Two rounds closed the same package, far apart in an element."""
    first = make_scene(store, experts=2)
    first.cycle.opens_at -= timedelta(days=730)
    _close(first)
    given = give_to_second_round(store, first, expert=first.experts[0])
    store.add(
        Determination(
            assignment_id=given.id,
            element="C14",
            score=Decimal("0.1"),
            rule=SettlementRule.CHAIR,
            reason="没有记录。",
            settled_by=first.chair.id,
            settled_at=NOW,
        )
    )
    given.closed_at = NOW
    return first


def _close(scene: Scene, below: dict[str, str] | None = None) -> None:
    for number in range(2):
        scene.hand_in(number, below)
    scene.settle_at(below or {})
    for code in below or {}:
        panel_reports.list_item(
            scene.session,
            actor=scene.chair_actor,
            now=NOW,
            assignment=scene.assignment,
            plan=Plan(code, "记录不全。", "补齐记录。", "李主任", (NOW + timedelta(days=60)).date()),
        )
    scene.close()


def _beside(store: Session, dossier: Dossier) -> Scene:
    score_all(store, dossier)
    scene = make_scene(store, experts=2, dossier=dossier)
    scene.panel.name = f"{dossier.school.name}专家组"
    store.flush()
    return scene


def _draft(
    store: Session, storage: Storage, folder: Path, dossier: Dossier, lead: User, contributor: User
) -> None:
    """Evidence of two kinds and years, cited, not cited and thrown away; elements with and without an owner."""
    school = dossier.school
    for number, (kind, year) in enumerate(
        ((EvidenceKind.PLAN, 2024), (EvidenceKind.MINUTES, 2025), (EvidenceKind.PLAN, 2025))
    ):
        piece = make_evidence(
            store, school, storage, folder, title=f"材料{number}", kind=kind, years=(year,), by=lead
        )
        read_pages(store, piece, f"劳动教育第{number}页", "劳动教育")
        if number:
            cite(store, dossier, f"C{13 + number}", piece)
    thrown = make_evidence(store, school, storage, folder, title="旧稿", by=lead)
    read_pages(store, thrown, "劳动教育旧稿")
    trash.trash_evidence(store, actor=actor_for(store, lead), now=NOW, evidence_id=thrown.id)
    mine = [f"C{number}" for number in range(1, 6)]
    store.execute(
        update(SelfAssessment)
        .where(SelfAssessment.dossier_id == dossier.id, SelfAssessment.element.in_(mine))
        .values(assignee_id=contributor.id, due_on=NOW.date(), score=Decimal("0.5"))
    )
