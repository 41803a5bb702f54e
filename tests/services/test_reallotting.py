"""Elements shared out among a panel, and shared out anew while the review is under way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound
from portfolio.models import (
    AuditEvent,
    Correction,
    ElementReview,
    Membership,
    Review,
    Role,
    Round,
    Split,
    User,
)
from portfolio.policy import Permission, allows
from portfolio.queries import allotted, assigning, places
from portfolio.queries import settlement as tables
from portfolio.services import interests, panels, reallotting, reviews, settlement
from portfolio.services.allotting import merged, too_few
from portfolio.services.assigning import redraft
from rubric.loader import DEFAULT, find
from rubric.spans import spell_out
from tests.factories import NOW, actor_for, bureau_actor, make_dossier, make_school, make_user
from tests.package_factory import make_package
from tests.panel_factory import Scene, claimed, make_scene
from tests.split_factory import make_split_scene

RUBRIC = find(DEFAULT)


def codes(text: str) -> frozenset[str]:
    return frozenset(spell_out(text, RUBRIC))


@pytest.fixture
def scene(session: Session) -> Scene:
    """Three experts, two independent scores an element, the elements shared out by A-indicator."""
    return make_split_scene(session)


def standing(scene: Scene) -> dict[int, frozenset[str]]:
    return allotted.allotment(scene.session, scene.assignment)


def substituted(scene: Scene, number: int) -> User:
    """Who takes over what this expert had."""
    newcomer = make_user(scene.session, Role.EXPERT)
    interests.substitute(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW,
        assignment=scene.assignment,
        leaving=scene.reviews[number],
        expert=newcomer,
    )
    return newcomer


def reallot(scene: Scene, allotment: Mapping[int, frozenset[str]]) -> None:
    reallotting.reallot(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW,
        assignment=scene.assignment,
        allotment=allotment,
    )


def refused(scene: Scene, allotment: Mapping[int, frozenset[str]]) -> str:
    with pytest.raises(DomainError) as error, scene.session.begin_nested():
        reallot(scene, allotment)
    return error.value.code


def proposal(scene: Scene, *, anew: bool = False, extra: tuple[int, ...] = ()) -> dict[int, frozenset[str]]:
    """What the program would do, as the bureau's page asks it."""
    located = places.settlement(
        scene.session, round_id=scene.assignment.round_id, package_id=scene.package.id
    )
    seats = assigning.seats(scene.session, located[0], extra)
    free = {seat.user_id: seat.on_hand for seat in seats if seat.counts}
    return redraft(RUBRIC, seats, free, scene.assignment.split, needed=2, anew=anew)


def step_aside(scene: Scene, number: int) -> None:
    panels.declare_conflict(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        user=scene.experts[number],
        school=scene.school,
        reason="亲属在该校任教",
    )


def remove(scene: Scene, number: int, reason: str = "病假") -> None:
    reallotting.remove_expert(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW,
        assignment=scene.assignment,
        review=scene.reviews[number],
        reason=reason,
    )


def score(scene: Scene, number: int, code: str, score_text: str = "0.5") -> ElementReview:
    return reviews.score_element(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        review=scene.reviews[number],
        code=code,
        score_text=score_text,
        reason="看过材料。",
        channel="documents",
        version=0,
    )


def a_code(scene: Scene, number: int) -> str:
    return min(standing(scene)[scene.experts[number].id])


# ---- Given for the first time ----


def test_each_expert_has_rows_of_what_is_theirs_and_every_element_has_its_scores(scene: Scene) -> None:
    given = standing(scene)
    assert scene.assignment.split is Split.INDICATOR
    assert too_few(RUBRIC, given, needed=2) == ()
    assert sum(len(each) for each in given.values()) == 2 * 84
    assert allotted.short_elements(scene.session, [scene.assignment.id]) == {}


def test_who_gets_what_is_in_the_trail(scene: Scene) -> None:
    event = scene.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "package:assigned").order_by(AuditEvent.id.desc())
    ).first()
    assert event is not None and event.after is not None
    assert event.after["split"] == "indicator"
    said = {int(expert): codes(text) for expert, text in event.after["allotted"].items()}
    assert said == standing(scene)


def test_an_element_with_too_few_experts_is_refused_by_name(session: Session) -> None:
    scene = make_scene(session, independent_scores=2)
    package = make_package(session, make_dossier(session, make_school(session), scene.cycle))
    one, two, three = (expert.id for expert in scene.experts)
    allotment = {one: codes("all"), two: codes("all") - {"C7"}, three: frozenset[str]()}
    with pytest.raises(DomainError) as error:
        panels.assign(
            session,
            actor=bureau_actor(session),
            now=NOW,
            panel=scene.panel,
            package=package,
            allotment=allotment,
        )
    assert (error.value.code, error.value.context["elements"]) == ("elements_short", "C7")


@pytest.mark.parametrize("tied", ["expert with nothing", "expert", "chair"])
def test_an_expert_in_conflict_may_stand_by_but_not_score_and_the_chair_may_not(
    session: Session, tied: str
) -> None:
    scene = make_scene(session, independent_scores=2)
    school = make_school(session)
    package = make_package(session, make_dossier(session, school, scene.cycle))
    person = scene.chair if tied == "chair" else scene.experts[2]
    session.add(Membership(user_id=person.id, role=Role.CONTRIBUTOR, school_id=school.id))
    session.flush()
    one, two, three = (expert.id for expert in scene.experts)
    everything = codes("all")
    allotment = {one: everything, two: everything, three: everything if tied == "expert" else frozenset()}

    def assign() -> None:
        panels.assign(
            session,
            actor=bureau_actor(session),
            now=NOW,
            panel=scene.panel,
            package=package,
            allotment=allotment,
        )

    if tied == "expert with nothing":
        assign()
        assert session.scalar(select(func.count()).where(Review.expert_id == three)) == 1  # the first package
    else:
        with pytest.raises(DomainError) as error:
            assign()
        assert (error.value.code, error.value.context["names"]) == ("conflict_of_interest", person.name)


# ---- What an expert does with a part ----


def test_a_score_for_an_element_that_is_not_theirs_is_refused_by_name(scene: Scene) -> None:
    foreign = min(codes("all") - standing(scene)[scene.experts[0].id])
    with pytest.raises(DomainError) as error:
        score(scene, 0, foreign)
    assert (error.value.code, error.value.context) == ("element_not_allotted", {"element": foreign})
    with pytest.raises(NotFound):
        score(scene, 0, "C99")


def test_a_review_is_complete_with_what_is_allotted(scene: Scene) -> None:
    mine = standing(scene)[scene.experts[0].id]
    assert reviews.progress(scene.session, scene.reviews[0]).total == len(mine) < 84
    with pytest.raises(DomainError) as error:
        reviews.hand_in(scene.session, actor=scene.actor(), now=NOW, review=scene.reviews[0])
    assert error.value.context == {"count": len(mine)}
    scene.hand_in(0)
    assert scene.reviews[0].handed_in_at == NOW


def test_the_table_has_blanks_and_medians_of_those_who_scored(scene: Scene) -> None:
    low = a_code(scene, 0)
    scene.hand_in(0, {low: "0.1"})
    scene.hand_in(1)
    scene.hand_in(2)
    scene.open_table()
    located = places.settlement(
        scene.session, round_id=scene.assignment.round_id, package_id=scene.package.id
    )
    table = tables.table(scene.session, located[0], RUBRIC, for_chair=True)
    rows = {row.code: row for row in table.rows}
    assert {len(row.scores) for row in table.rows} == {2}
    assert rows[low].given.count(None) == 1
    assert rows[low].spread == claimed(low) - Decimal("0.1")
    settled = settlement.settle(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        code=low,
        score_text=str(rows[low].median),
        rule="median",
        reason="合议。",
        version=0,
    )
    assert settled.score == rows[low].median


# ---- Somebody leaves ----


@pytest.mark.parametrize("leave", [step_aside, remove])
def test_what_somebody_leaves_is_short_until_it_is_shared_out_among_the_rest(scene: Scene, leave) -> None:
    had = standing(scene)[scene.experts[2].id]
    kept = min(had)
    score(scene, 2, kept)
    leave(scene, 2)
    assert set(allotted.short_elements(scene.session, [scene.assignment.id])[scene.assignment.id]) == had
    reallot(scene, proposal(scene))
    assert allotted.short_elements(scene.session, [scene.assignment.id]) == {}
    assert set(standing(scene)) == {scene.experts[0].id, scene.experts[1].id}
    # the record stays, and counts for nothing
    assert scene.row(kept, 2).score == Decimal("0.5")
    scene.hand_in(0)
    scene.hand_in(1)
    assert settlement.outstanding(scene.session, scene.assignment) == 0


@pytest.mark.parametrize("leave", [step_aside, remove])
def test_who_left_has_no_access_from_the_next_request_on(scene: Scene, leave) -> None:
    leave(scene, 1)
    _found, place = places.review(scene.session, review_id=scene.reviews[1].id)
    assert not allows(scene.actor(1), Permission.REVIEW_READ, place)
    assert not allows(scene.actor(1), Permission.REVIEW_SCORE, place)


def test_the_table_does_not_open_while_an_element_lacks_a_score(scene: Scene) -> None:
    """All reviews are in, as many as the round needs; but not for each element."""
    for number in range(3):
        scene.hand_in(number)
    step_aside(scene, 0)
    assert settlement.outstanding(scene.session, scene.assignment) == 1
    with pytest.raises(DomainError, match="reviews_outstanding"):
        scene.open_table()


def test_a_review_that_was_in_is_taken_up_again_and_what_was_in_is_only_corrected(scene: Scene) -> None:
    for number in range(3):
        scene.hand_in(number)
    remove(scene, 2)
    before = standing(scene)[scene.experts[0].id]
    reallot(scene, proposal(scene))
    assert scene.reviews[0].handed_in_at is None
    known, new = min(before), min(standing(scene)[scene.experts[0].id] - before)
    with pytest.raises(DomainError, match="score_was_in"):
        score(scene, 0, known)
    score(scene, 0, new)
    reviews.correct_element(
        scene.session,
        actor=scene.actor(0),
        now=NOW,
        review=scene.reviews[0],
        code=known,
        score_text="0.2",
        reason="记录不全。",
        channel="documents",
        version=scene.row(known).version,
        why="看错一行。",
    )
    assert scene.session.scalar(select(Correction.score)) == claimed(known)
    scene.score_everything(0)
    reviews.hand_in(scene.session, actor=scene.actor(), now=NOW, review=scene.reviews[0])


def test_who_has_seen_the_round_below_takes_no_more(scene: Scene) -> None:
    scene.session.execute(update(Round).where(Round.id == scene.panel.round_id).values(position=2))
    for number in range(3):
        scene.hand_in(number)
    remove(scene, 2)
    assert refused(scene, proposal(scene)) == "has_seen_below"


def test_once_the_table_is_open_nobody_new_begins_but_a_substitute(scene: Scene) -> None:
    for number in range(3):
        scene.hand_in(number)
    scene.open_table()
    had = standing(scene)[scene.experts[2].id]
    with pytest.raises(DomainError, match="allotment_late"):
        remove(scene, 1)
    step_aside(scene, 2)
    assert refused(scene, merged(standing(scene), {scene.experts[0].id: codes("all")})) == "allotment_late"
    newcomer = substituted(scene, 2)
    assert standing(scene)[newcomer.id] == had


def test_who_was_taken_off_may_be_substituted_too(scene: Scene) -> None:
    had = standing(scene)[scene.experts[1].id]
    remove(scene, 1)
    newcomer = substituted(scene, 1)
    assert standing(scene)[newcomer.id] == had


def test_taking_off_needs_a_reason_happens_once_and_is_in_the_trail(scene: Scene) -> None:
    with pytest.raises(DomainError, match="reason_missing"):
        remove(scene, 1, "  ")
    remove(scene, 1)
    with pytest.raises(DomainError, match="already_removed"), scene.session.begin_nested():
        remove(scene, 1)
    event = scene.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert (event.action, event.after) == (
        "expert:removed",
        {"expert_id": scene.experts[1].id, "reason": "病假"},
    )


# ---- Changed by hand ----


def test_somebody_added_later_takes_from_the_others_what_is_not_begun(scene: Scene) -> None:
    begun = a_code(scene, 0)
    score(scene, 0, begun)
    newcomer = make_user(scene.session, Role.EXPERT)
    wanted = proposal(scene, anew=True, extra=(newcomer.id,))
    reallot(scene, wanted)
    after = standing(scene)
    assert begun in after[scene.experts[0].id]
    assert after[newcomer.id]
    assert too_few(RUBRIC, after, needed=2) == ()
    assert sum(len(each) for each in after.values()) == 2 * 84
    assert actor_for(scene.session, newcomer).panels(Role.EXPERT) == {scene.panel.id}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda scene, has: has, "allotment_unchanged"),
        (lambda scene, has: has | {scene.experts[0].id: has[scene.experts[0].id] - {"C1"}}, "elements_short"),
        (lambda scene, has: has | {12345: codes("A1")}, "expert_unknown"),
        (
            lambda scene, has: {e.id: codes("all") for e in scene.experts[:2]},
            "nothing_left",
        ),
    ],
)
def test_what_is_refused_leaves_everything_as_it_was(scene: Scene, change, code: str) -> None:
    before = standing(scene)
    if code == "elements_short" and "C1" not in before[scene.experts[0].id]:
        scene.experts.reverse()
    assert refused(scene, change(scene, before)) == code
    assert standing(scene) == before


def test_what_was_begun_stays_with_its_expert(scene: Scene) -> None:
    begun = a_code(scene, 0)
    score(scene, 0, begun)
    first, second = standing(scene)[scene.experts[0].id], {e.id: codes("all") for e in scene.experts[1:]}
    assert refused(scene, second | {scene.experts[0].id: first - {begun}}) == "element_begun"


def test_who_left_does_not_come_back(scene: Scene) -> None:
    remove(scene, 2)
    everything = {expert.id: codes("all") for expert in scene.experts}
    assert refused(scene, everything) == "already_reviews"


def test_a_change_is_in_the_trail_with_what_was(scene: Scene) -> None:
    before = standing(scene)
    wanted = merged(before, {scene.experts[0].id: codes("all")})
    reallot(scene, wanted)
    event = scene.session.scalars(select(AuditEvent).where(AuditEvent.action == "allotment:changed")).one()
    assert event.before is not None and event.after is not None
    assert {int(k): codes(v) for k, v in event.before["allotted"].items()} == before
    assert event.after["allotted"][str(scene.experts[0].id)] == "all"


def test_what_is_on_hand_counts_what_is_still_to_score_everywhere(scene: Scene) -> None:
    expert = scene.experts[0].id
    mine = len(standing(scene)[expert])
    assert allotted.on_hand(scene.session, [expert]) == {expert: 84 + mine}
    score(scene, 0, a_code(scene, 0))
    assert allotted.on_hand(scene.session, [expert]) == {expert: 84 + mine - 1}
    scene.hand_in(0)
    assert allotted.on_hand(scene.session, [expert]) == {expert: 84}
    load = allotted.loads(scene.session, [scene.panel.id])[scene.panel.id][expert]
    points = sum((RUBRIC.element(code).points for code in standing(scene)[expert]), Decimal(100))
    assert (load.packages, load.elements, load.scored, load.points) == (2, 84 + mine, mine, points)


def test_an_account_that_was_closed_gets_nothing_new(scene: Scene) -> None:
    gone = make_user(scene.session, Role.EXPERT)
    gone.disabled_at = NOW - timedelta(days=1)
    scene.session.flush()
    assert refused(scene, standing(scene) | {gone.id: codes("A1")}) == "expert_unknown"
    assert scene.session.get_one(User, gone.id).disabled_at is not None
