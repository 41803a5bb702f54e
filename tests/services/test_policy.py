"""Who may do what: every permission, every kind of person, and the same answers from the SQL twin."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Assignment, Package, Review, Role
from portfolio.policy import POLICY, SEEN_WITH, Actor, Grant, Permission, Place, allows, condition, shows
from portfolio.services import panels
from tests.factories import NOW, actor_for, make_staff, make_user
from tests.panel_factory import Scene, make_scene

HERE, ELSEWHERE = 1, 2  # schools, and panels of the same numbers
ME, SOMEBODY = 7, 8


SIGNED = frozenset({(HERE, HERE), (ELSEWHERE, ELSEWHERE)})  # a panel's statement about a school


def person(
    *grants: Grant,
    recused_from: frozenset[int] = frozenset(),
    cleared: frozenset[tuple[int, int]] = SIGNED,
) -> Actor:
    """A person with these grants, who signed for every panel's school."""
    return Actor(ME, "王芳", frozenset(grants), recused_from, cleared)


def staff(role: Role, school: int) -> Grant:
    """A role in a school."""
    return Grant(role, school_id=school)


def seat(role: Role, panel: int) -> Grant:
    """A role in a panel."""
    return Grant(role, panel_id=panel)


PEOPLE = {
    "nobody": person(),
    "contributor": person(staff(Role.CONTRIBUTOR, HERE)),
    "lead": person(staff(Role.LEAD, HERE)),
    "principal": person(staff(Role.PRINCIPAL, HERE)),
    "foreign contributor": person(staff(Role.CONTRIBUTOR, ELSEWHERE)),
    "foreign lead": person(staff(Role.LEAD, ELSEWHERE)),
    "foreign principal": person(staff(Role.PRINCIPAL, ELSEWHERE)),
    "expert": person(seat(Role.EXPERT, HERE)),
    "foreign expert": person(seat(Role.EXPERT, ELSEWHERE)),
    "unseated expert": person(Grant(Role.EXPERT)),
    "recused expert": person(seat(Role.EXPERT, HERE), recused_from=frozenset({HERE})),
    "expert recused elsewhere": person(seat(Role.EXPERT, HERE), recused_from=frozenset({ELSEWHERE})),
    "expert yet to sign": person(
        seat(Role.EXPERT, HERE), cleared=frozenset({(ELSEWHERE, HERE), (HERE, ELSEWHERE)})
    ),
    "chair yet to sign": person(seat(Role.CHAIR, HERE), cleared=frozenset()),
    "expert who works here": person(seat(Role.EXPERT, HERE), staff(Role.CONTRIBUTOR, HERE)),
    "chair": person(seat(Role.CHAIR, HERE)),
    "foreign chair": person(seat(Role.CHAIR, ELSEWHERE)),
    "recused chair": person(seat(Role.CHAIR, HERE), recused_from=frozenset({HERE})),
    "bureau": person(Grant(Role.BUREAU)),
    "observer": person(Grant(Role.OBSERVER)),
}
HOLDERS_HERE = {"contributor", "lead", "principal", "expert who works here"}
EDITORS = HOLDERS_HERE - {"principal"}
OFFICE = {"bureau", "observer"}
PANEL = {"expert", "expert recused elsewhere", "chair"}
REVIEWERS = {name for name in PEOPLE if "expert" in name or "chair" in name}
SEATED_EXPERTS = {"expert", "expert recused elsewhere"}
YET_TO_SIGN = {"expert yet to sign"}

# Permission → who may, of a thing that is somebody else's by name.
MAY: dict[Permission, set[str]] = {
    Permission.OWN_ACCOUNT: set(PEOPLE),
    Permission.DOSSIER_READ: HOLDERS_HERE | OFFICE,
    Permission.ELEMENT_SCORE: {"lead"},
    Permission.ELEMENT_ASSIGN: {"lead"},
    Permission.WORK_READ: EDITORS,
    Permission.CARRY_OVER: {"lead"},
    Permission.FIGURE_WRITE: EDITORS,
    Permission.MATERIAL_TICK: {"lead"},
    Permission.CITATION_WRITE: EDITORS,
    Permission.EVIDENCE_LIST: HOLDERS_HERE | {"observer"},
    Permission.EVIDENCE_READ: HOLDERS_HERE | {"observer"},
    Permission.EVIDENCE_WRITE: EDITORS,
    Permission.EVIDENCE_DELETE: EDITORS,
    Permission.FILE_READ: HOLDERS_HERE | PANEL | {"observer"},
    Permission.SUBMISSION_READ: HOLDERS_HERE | OFFICE,
    Permission.DOSSIER_SUBMIT: {"lead"},
    Permission.DOSSIER_SIGN: {"principal"},
    Permission.DOSSIER_RECALL: {"lead", "principal"},
    Permission.RESULT_READ: HOLDERS_HERE | OFFICE,
    Permission.SCHOOL_INVITE: {"lead", "bureau"},
    Permission.SCHOOL_EXPORT: {"lead", "principal", "bureau"},
    Permission.ERRAND_OWN: set(),
    Permission.ORIGINALS_READ: HOLDERS_HERE,
    Permission.REPORT_WRITE: EDITORS,
    Permission.WORKSHEET_USE: EDITORS,
    Permission.PACKAGE_READ: HOLDERS_HERE | PANEL | OFFICE,
    Permission.REVIEW_LIST: REVIEWERS,
    Permission.REVIEW_TAKE: set(),
    Permission.REVIEW_READ: set(),
    Permission.REVIEW_SCORE: set(),
    Permission.SETTLEMENT_TAKE: {"chair", "chair yet to sign"},
    Permission.SETTLEMENT_READ: {"chair"},
    Permission.SETTLEMENT_DISCUSS: {"chair"},
    Permission.SETTLEMENT_SIGN: set(),
    Permission.SETTLEMENT_WRITE: {"chair"},
    Permission.VISIT_READ: PANEL,
    Permission.VISIT_WRITE: PANEL,
    Permission.FINDING_WRITE: set(),
    Permission.PHOTO_READ: set(),
    Permission.ANSWERS_READ: HOLDERS_HERE | PANEL | OFFICE,
    Permission.APPEAL_WRITE: {"lead"},
    Permission.APPEAL_SEND: {"principal"},
    Permission.APPEAL_DECIDE: {"chair", "bureau"},
    Permission.RECTIFICATION_ANSWER: {"lead"},
    Permission.RECTIFICATION_CHECK: PANEL | {"bureau"},
    Permission.SHEET_READ: {"chair"} | OFFICE,
    Permission.PANEL_DOCUMENTS_READ: {"chair"} | OFFICE,
    Permission.PANEL_REPORT_READ: HOLDERS_HERE | {"chair"} | OFFICE,
    Permission.CITY_READ: OFFICE,
    Permission.CITY_MANAGE: {"bureau"},
    Permission.AUDIT_READ: OFFICE,
}
# Who may as well, of a thing that is theirs by name.
MAY_OF_ONES_OWN: dict[Permission, set[str]] = {
    Permission.ELEMENT_SCORE: {"contributor", "expert who works here"},
    Permission.REVIEW_TAKE: SEATED_EXPERTS | YET_TO_SIGN,
    Permission.MATERIAL_TICK: {"contributor", "expert who works here"},
    Permission.REVIEW_READ: SEATED_EXPERTS,
    Permission.REVIEW_SCORE: SEATED_EXPERTS,
    Permission.SETTLEMENT_READ: SEATED_EXPERTS,
    Permission.SETTLEMENT_DISCUSS: SEATED_EXPERTS,
    Permission.SETTLEMENT_SIGN: SEATED_EXPERTS,
    Permission.FINDING_WRITE: PANEL,
    Permission.PHOTO_READ: PANEL,
    Permission.ERRAND_OWN: set(PEOPLE),
    Permission.SHEET_READ: SEATED_EXPERTS,
    Permission.PANEL_DOCUMENTS_READ: SEATED_EXPERTS,
    Permission.PANEL_REPORT_READ: SEATED_EXPERTS,
}


def test_the_table_below_speaks_of_every_permission() -> None:
    assert set(MAY) == set(Permission) == set(POLICY)


def test_of_a_schools_files_the_bureau_reads_those_that_an_answer_rests_on() -> None:
    reads = {
        answers: {name for name, who in PEOPLE.items() if allows(who, Permission.FILE_READ, place)}
        for answers in (False, True)
        for place in [Place(HERE, frozenset({HERE}), SOMEBODY, answers=answers)]
    }
    assert reads[True] - reads[False] == {"bureau"}


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("name", PEOPLE)
def test_who_may_do_what(permission: Permission, name: str) -> None:
    anothers = Place(school_id=HERE, panel_ids=frozenset({HERE}), person_id=SOMEBODY)
    ones_own = Place(school_id=HERE, panel_ids=frozenset({HERE}), person_id=ME)
    expected = name in MAY[permission]
    assert allows(PEOPLE[name], permission, anothers) is expected
    assert allows(PEOPLE[name], permission, ones_own) is (
        expected or name in MAY_OF_ONES_OWN.get(permission, set())
    )


@pytest.mark.parametrize("permission", Permission)
def test_of_a_thing_that_stands_nowhere_only_the_city_may(permission: Permission) -> None:
    city_wide = {name for name, actor in PEOPLE.items() if allows(actor, permission)}
    assert city_wide <= OFFICE | (set(PEOPLE) if permission is Permission.OWN_ACCOUNT else REVIEWERS)


@pytest.mark.parametrize(("done", "seen"), SEEN_WITH.items())
def test_whoever_may_do_a_thing_may_see_it(done: Permission, seen: Permission) -> None:
    place = Place(school_id=HERE, panel_ids=frozenset({HERE}), person_id=ME)
    for actor in PEOPLE.values():
        assert not allows(actor, done, place) or shows(actor, done, place)
        assert shows(actor, done, place) is allows(actor, seen, place)


def test_the_sql_twin_finds_the_rows_that_the_predicate_allows(session: Session) -> None:
    scenes = [make_scene(session), make_scene(session)]
    places = _places(session)
    assert len(places) == 6
    for permission, actor in itertools.product(Permission, _actors(session, scenes)):
        found = session.scalars(
            select(Review.id)
            .join(Assignment, Assignment.id == Review.assignment_id)
            .join(Package, Package.id == Assignment.package_id)
            .where(
                condition(
                    actor,
                    permission,
                    school=Package.school_id,
                    panel=Assignment.panel_id,
                    person=Review.expert_id,
                )
            )
        )
        expected = {review_id for review_id, place in places.items() if allows(actor, permission, place)}
        assert set(found) == expected, (permission, actor.grants)


def test_a_list_without_the_column_a_rule_needs_shows_nothing_by_that_rule(session: Session) -> None:
    scene = make_scene(session)
    without_panel = condition(scene.chair_actor, Permission.SETTLEMENT_READ, school=Package.school_id)
    assert session.scalars(select(Package.id).where(without_panel)).all() == []
    without_person = condition(
        scene.actor(0), Permission.REVIEW_READ, school=Package.school_id, panel=Assignment.panel_id
    )
    joined = select(Package.id).join(Assignment, Assignment.package_id == Package.id)
    assert session.scalars(joined.where(without_person)).all() == []


def _places(session: Session) -> dict[int, Place]:
    rows = session.execute(
        select(Review, Assignment.panel_id, Package.school_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
    )
    return {
        review.id: Place(school_id=school_id, panel_ids=frozenset({panel_id}), person_id=review.expert_id)
        for review, panel_id, school_id in rows
    }


def _actors(session: Session, scenes: list[Scene]) -> list[Actor]:
    first = scenes[0]
    people = [make_user(session), make_user(session, Role.BUREAU), make_user(session, Role.OBSERVER)]
    for scene in scenes:
        staff_here = make_staff(session, scene.school)
        people += [staff_here.lead, staff_here.principal, staff_here.contributor, *scene.experts, scene.chair]
    panels.declare_conflict(
        session,
        actor=first.actor(0),
        now=NOW,
        user=first.experts[0],
        school=first.school,
        reason="曾在该校任教",
    )
    return [actor_for(session, user) for user in people]
