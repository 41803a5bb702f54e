"""Several packages given at once, by a proposal or from a sheet: all of it or nothing."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.documents import assignment_sheet as document
from portfolio.errors import DomainError, Refused
from portfolio.models import Assignment, Membership, Package, Panel, Role, Round, Split
from portfolio.queries import allotted, assigning
from portfolio.queries.assigning import Bench, Waiting
from portfolio.services import assignment_sheets, panels
from portfolio.services.allotting import too_few
from portfolio.services.assigning import Wish, assign_all, draft
from portfolio.services.assignment_sheets import Ground, Plan
from portfolio.services.cycles import RoundPlan
from rubric.loader import DEFAULT, find
from rubric.spans import shorten
from tests.factories import NOW, bureau_actor, make_cycle, make_dossier, make_school, make_user
from tests.package_factory import make_package

RUBRIC = find(DEFAULT)
NEEDED = 2


class Office:
    """A round with a panel of four, and three schools' packages that wait."""

    def __init__(self, session: Session) -> None:
        self.session = session
        cycle = make_cycle(session, rounds=[RoundPlan("市级评估", independent_scores=NEEDED)])
        self.schools = [make_school(session, name) for name in ("甲学校", "乙学校", "丙学校")]
        self.packages = [
            make_package(session, make_dossier(session, school, cycle)) for school in self.schools
        ]
        self.round = session.scalars(select(Round).where(Round.cycle_id == cycle.id)).one()
        self.experts = [make_user(session) for _ in range(4)]
        self.chair = make_user(session)
        self.panel = self.form("第一专家组")

    def form(self, name: str) -> Panel:
        return panels.form_panel(
            self.session,
            actor=bureau_actor(self.session),
            now=NOW,
            round=self.round,
            name=name,
            experts=self.experts,
            chair=self.chair,
        )

    def tie(self, person: int, school: int) -> None:
        """Somebody of the panel (4: the chair) works at a school."""
        user = [*self.experts, self.chair][person]
        self.session.add(
            Membership(user_id=user.id, role=Role.CONTRIBUTOR, school_id=self.schools[school].id)
        )
        self.session.flush()

    def waiting(self) -> list[Waiting]:
        found = assigning.waiting(self.session, self.round)
        return sorted(found, key=lambda each: [p.id for p in self.packages].index(each.package_id))

    def bench(self) -> Bench:
        return assigning.benches(self.session, self.round)[0]

    def ties(self) -> assigning.Ties:
        return assigning.ties(self.session, self.bench().people, [school.id for school in self.schools])

    def assign(self, wishes: list[Wish]) -> list[Assignment]:
        return assign_all(self.session, actor=bureau_actor(self.session), now=NOW, wishes=wishes)

    def assigned(self) -> int:
        return self.session.scalar(select(func.count()).select_from(Assignment)) or 0

    def plan(self, rows: list[tuple[str, str, str, str]]) -> Plan:
        """What a sheet with these rows would do."""
        lines = document.read(filled(rows))
        ground = Ground(
            RUBRIC, self.waiting(), assigning.benches(self.session, self.round), self.ties(), NEEDED
        )
        return assignment_sheets.plan(lines, ground)


def filled(rows: list[tuple[str, str, str, str]]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(document.workbook("批次", [], [])))
    for row in rows:
        book.worksheets[0].append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture
def office(session: Session) -> Office:
    return Office(session)


# ---- Several at once ----


def test_what_is_proposed_for_several_packages_balances_over_all_of_them(office: Office) -> None:
    drafts = draft(RUBRIC, office.bench(), office.waiting(), Split.INDICATOR, office.ties(), needed=NEEDED)
    office.assign(
        [
            Wish(office.panel, office.session.get_one(Package, each.package.package_id), each.allotment)
            for each in drafts
        ]
    )
    assert office.assigned() == 3
    loads = allotted.on_hand(office.session, [expert.id for expert in office.experts])
    largest = max(len(indicator.elements) for indicator in RUBRIC.indicators)
    assert max(loads.values()) - min(loads.values()) <= largest
    assert sum(loads.values()) == 3 * NEEDED * 84


def test_nobody_gets_anything_of_a_school_they_are_tied_to(office: Office) -> None:
    office.tie(1, 0)
    first, second, _third = draft(
        RUBRIC, office.bench(), office.waiting(), Split.EVERYONE, office.ties(), needed=NEEDED
    )
    assert office.experts[1].id not in first.allotment
    assert office.experts[1].id in second.allotment
    assert too_few(RUBRIC, first.allotment, needed=NEEDED) == ()


def test_one_package_refused_assigns_none_and_each_refusal_is_named(office: Office) -> None:
    office.tie(4, 1)
    drafts = draft(RUBRIC, office.bench(), office.waiting(), Split.EVERYONE, office.ties(), needed=NEEDED)
    wishes = [
        Wish(office.panel, office.session.get_one(Package, each.package.package_id), each.allotment)
        for each in drafts
    ]
    short = {office.experts[0].id: drafts[2].allotment[office.experts[0].id]}
    wishes[2] = Wish(office.panel, office.packages[2], short)
    with pytest.raises(Refused) as refused, office.session.begin_nested():
        office.assign(wishes)
    named = {field: error.code for field, error in refused.value.errors.items()}
    assert named == {
        f"package-{office.packages[1].id}": "conflict_of_interest",
        f"package-{office.packages[2].id}": "elements_short",
    }
    assert office.assigned() == 0


def test_nothing_chosen_is_said(office: Office) -> None:
    with pytest.raises(DomainError, match="package_unknown"):
        office.assign([])


# ---- From a sheet ----


def test_the_template_read_back_assigns_nothing(office: Office) -> None:
    made = document.workbook("批次", [school.name for school in office.schools], [("组", "名", "u")])
    assert document.read(made) == ()


def test_a_sheet_says_who_scores_what(office: Office) -> None:
    one, two, three, _four = office.experts
    plan = office.plan(
        [
            ("甲学校", "第一专家组", "", "全部"),
            ("乙学校", "", one.username, "A1、A2"),
            ("乙学校", "第一专家组", one.username, "A3,A4"),
            ("乙学校", "第一专家组", two.username, "all"),
            ("乙学校", "第一专家组", three.username, "A5 A6 A7"),
        ]
    )
    assert plan.refusals == ()
    done = assignment_sheets.apply(
        office.session, actor=bureau_actor(office.session), now=NOW, planned=plan, previewed=plan.digest
    )
    by_school = {assignment.package_id: assignment for assignment in done}
    first, second = by_school[office.packages[0].id], by_school[office.packages[1].id]
    assert (first.split, second.split) == (Split.EVERYONE, Split.INDICATOR)
    given = allotted.allotment(office.session, second)
    assert {expert: shorten(codes, RUBRIC) for expert, codes in given.items()} == {
        one.id: "A1, A2, A3, A4",
        two.id: "all",
        three.id: "A5, A6, A7",
    }


def test_a_package_may_be_named_by_its_digest_and_an_expert_by_name(office: Office) -> None:
    office.experts[0].name = "周专家"
    office.session.flush()
    digest = office.packages[0].digest[:10]
    plan = office.plan(
        [
            (digest, "第一专家组", "周专家", "all"),
            (digest, "第一专家组", office.experts[1].username, "all"),
        ]
    )
    assert plan.refusals == ()
    assert set(plan.packages[0].allotment) == {expert.id for expert in office.experts[:2]}


REFUSED: dict[str, tuple[Callable[[Office], list[tuple[str, str, str, str]]], str, str]] = {
    "no such school": (lambda o: [("丁学校", "第一专家组", "", "all")], "A2", "cell_unknown_school"),
    "no such panel": (lambda o: [("甲学校", "第九专家组", "", "all")], "B2", "cell_unknown_panel"),
    "no panel": (lambda o: [("甲学校", "", "", "all")], "B2", "cell_unknown_panel"),
    "two panels": (
        lambda o: [("甲学校", "第一专家组", "", "all"), ("甲学校", o.form("第二专家组").name, "", "all")],
        "B3",
        "cell_other_panel",
    ),
    "no such expert": (lambda o: [("甲学校", "第一专家组", "nobody", "all")], "C2", "cell_unknown_expert"),
    "no such element": (lambda o: [("甲学校", "第一专家组", "", "A1, C99")], "D2", "cell_unknown_code"),
    "no element": (lambda o: [("甲学校", "第一专家组", "", "")], "D2", "cell_without_elements"),
    "a formula": (lambda o: [("甲学校", "第一专家组", "", "=A1")], "D2", "cell_formula"),
    "an expert twice": (
        lambda o: [
            ("甲学校", "第一专家组", "", "all"),
            ("甲学校", "第一专家组", o.experts[0].username, "C1"),
        ],
        "D3",
        "cell_expert_twice",
    ),
    "too few": (
        lambda o: [("甲学校", "第一专家组", o.experts[0].username, "all")],
        "A2",
        "elements_short",
    ),
}


@pytest.mark.parametrize("which", REFUSED)
def test_a_refused_cell_is_named_with_its_address_and_nothing_is_assigned(office: Office, which: str) -> None:
    rows, address, code = REFUSED[which]
    plan = office.plan([*rows(office), ("乙学校", "第一专家组", "", "all")])
    assert [(refusal.address, refusal.error.code) for refusal in plan.refusals] == [(address, code)]
    with pytest.raises(DomainError, match="sheet_refused"):
        assignment_sheets.apply(
            office.session, actor=bureau_actor(office.session), now=NOW, planned=plan, previewed=plan.digest
        )
    assert office.assigned() == 0


@pytest.mark.parametrize(("person", "address"), [(0, "C2"), (4, "B2")])
def test_a_conflict_is_named_where_it_stands(office: Office, person: int, address: str) -> None:
    office.tie(person, 0)
    plan = office.plan([("甲学校", "第一专家组", office.experts[0].username, "all")])
    assert (plan.refusals[0].address, plan.refusals[0].error.code) == (address, "conflict_of_interest")


def test_what_has_changed_since_the_preview_is_not_done(office: Office) -> None:
    rows = [("甲学校", "第一专家组", "", "all")]
    previewed = office.plan(rows).digest
    office.tie(0, 0)
    with pytest.raises(DomainError, match="allotment_outdated"):
        assignment_sheets.apply(
            office.session,
            actor=bureau_actor(office.session),
            now=NOW,
            planned=office.plan(rows),
            previewed=previewed,
        )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_csv_is_read_like_a_workbook(encoding: str) -> None:
    text = '评估要素,专家,专家组,学校\r\n"A1、B3",zhou,第一专家组,甲学校\r\n,,,\r\n'
    lines = document.read(text.encode(encoding))
    assert [(line.school.address, line.school.text, line.elements.text) for line in lines] == [
        ("D2", "甲学校", "A1、B3")
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe\xff", "sheet_unreadable"),
        (b"PK no workbook", "sheet_unreadable"),
        (b"a,b", "sheet_headings"),
    ],
)
def test_what_is_no_such_sheet_is_said_so(data: bytes, code: str) -> None:
    with pytest.raises(DomainError, match=code):
        document.read(data)
