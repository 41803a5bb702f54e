"""Publishing many results, and the title: numbers, validity, renewal, revoking."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.errors import DomainError, Refused
from portfolio.models import AuditEvent, Certificate, DossierState, Round
from portfolio.policy import Actor
from portfolio.queries import awards as queries
from portfolio.queries import results
from portfolio.queries.awards import Show, Validity
from portfolio.services import awards, panels, publishing
from portfolio.services.cycles import RoundPlan
from portfolio.services.publishing import publish_many
from tests.factories import NOW, bureau_actor, make_dossier, make_school, score_all
from tests.panel_factory import Scene, make_scene


@pytest.fixture
def office(session: Session) -> Actor:
    return bureau_actor(session)


def closed_scene(
    session: Session, beside: Scene | None = None, rounds: list[RoundPlan] | None = None
) -> Scene:
    """A closed review, in the cycle of another one where that is named."""
    dossier = None
    if beside is not None:
        dossier = make_dossier(session, make_school(session), beside.cycle)
        score_all(session, dossier)
    scene = _scene(session, dossier, rounds)
    for number in range(2):
        scene.hand_in(number)
    scene.settle_all()
    scene.close()
    return scene


def _scene(session: Session, dossier: object, rounds: list[RoundPlan] | None) -> Scene:
    scene = make_scene(session, experts=2, dossier=dossier, rounds=rounds)  # type: ignore[arg-type]
    scene.panel.name = f"专家组 {scene.panel.id}"  # the next one of this round is formed under the usual name
    session.flush()
    return scene


def awarded_scene(session: Session, office: Actor, *, years: int = 3) -> tuple[Scene, Certificate]:
    scene = closed_scene(session)
    publishing.publish(session, actor=office, now=NOW, assignment=scene.assignment)
    scene.cycle.award_years = years
    found = results.published(session, office, scene.cycle)
    (certificate,) = awards.award(session, actor=office, now=NOW, cycle=scene.cycle, results=found)
    return scene, certificate


# ---- Publishing many ----


def test_many_results_are_published_at_once_each_on_record(session: Session, office: Actor) -> None:
    first = closed_scene(session)
    second = closed_scene(session, first)
    waiting = results.to_publish(session, office, first.cycle)
    assert {each.assignment_id for each in waiting} == {first.assignment.id, second.assignment.id}
    assert {(each.points, each.below, each.not_assessed) for each in waiting} == {(Decimal("100.0"), 0, 0)}
    assert {each.final for each in waiting} == {first.package.claimed}
    publish_many(session, actor=office, now=NOW, assignments=[first.assignment, second.assignment])
    assert {first.dossier.state, second.dossier.state} == {DossierState.PUBLISHED}
    events = session.scalars(
        select(AuditEvent.subject_id).where(AuditEvent.action == Action.RESULT_PUBLISHED)
    ).all()
    assert set(events) == {first.assignment.id, second.assignment.id}
    assert results.to_publish(session, office, first.cycle) == []


def test_one_that_can_not_be_published_keeps_all_others_back_and_is_named(
    session: Session, office: Actor
) -> None:
    ready, out = closed_scene(session), make_scene(session, experts=1)
    session.commit()
    with pytest.raises(Refused) as refused:
        publish_many(session, actor=office, now=NOW, assignments=[ready.assignment, out.assignment])
    session.rollback()
    assert {key: error.code for key, error in refused.value.errors.items()} == {
        str(out.assignment.id): "not_closed"
    }
    assert ready.assignment.published_at is None
    with pytest.raises(DomainError, match="results_missing"):
        publish_many(session, actor=office, now=NOW, assignments=[])


def test_whoever_is_still_to_judge_a_dossier_finds_no_sum_of_it(session: Session) -> None:
    scene = closed_scene(session, rounds=[RoundPlan("区县初评"), RoundPlan("市级评估")])
    second = session.scalars(select(Round).where(Round.cycle_id == scene.cycle.id, Round.position == 2)).one()
    office = bureau_actor(session)
    panel = panels.form_panel(
        session,
        actor=office,
        now=NOW,
        round=second,
        name="市专家组",
        experts=[scene.chair],
        chair=scene.experts[0],
    )
    panels.assign(session, actor=office, now=NOW, panel=panel, package=scene.package)
    assert len(results.to_publish(session, office, scene.cycle)) == 1
    assert results.to_publish(session, scene.chair_actor, scene.cycle) == []


# ---- The title ----


def test_the_title_is_numbered_by_year_and_valid_for_the_years_of_its_cycle(
    session: Session, office: Actor
) -> None:
    _, certificate = awarded_scene(session, office, years=3)
    assert (certificate.number, certificate.awarded_on) == ("新优质〔2026〕0001号", NOW.date())
    assert certificate.renew_by == NOW.date().replace(year=NOW.year + 3)
    _, following = awarded_scene(session, office, years=5)
    assert following.number == "新优质〔2026〕0002号"


def test_a_number_is_never_given_again_and_a_revoked_title_can_be_awarded_anew(
    session: Session, office: Actor
) -> None:
    scene, certificate = awarded_scene(session, office)
    awards.revoke(session, actor=office, now=NOW, certificate=certificate, reason="材料造假，经查实。")
    assert certificate.reason == "材料造假，经查实。"
    (again,) = awards.award(
        session,
        actor=office,
        now=NOW,
        cycle=scene.cycle,
        results=queries.awardable(session, office, scene.cycle),
    )
    assert again.serial == certificate.serial + 1
    listed = queries.register(session, Show(cycle_id=scene.cycle.id), now=NOW)
    assert [row.validity for row in listed.rows] == [Validity.VALID, Validity.REVOKED]


def test_what_can_not_be_awarded_is_refused_row_by_row(session: Session, office: Actor) -> None:
    scene = closed_scene(session)
    unpublished = results.to_publish(session, office, scene.cycle)
    with pytest.raises(DomainError, match="validity_unset"):
        awards.award(session, actor=office, now=NOW, cycle=scene.cycle, results=unpublished)
    scene.cycle.award_years = 3
    assert _refusal(session, office, scene, unpublished) == "not_published"
    publishing.publish(session, actor=office, now=NOW, assignment=scene.assignment)
    published = results.published(session, office, scene.cycle)
    scene.cycle.pass_mark = published[0].final + Decimal("0.1")
    assert queries.awardable(session, office, scene.cycle) == []
    assert _refusal(session, office, scene, published) == "below_pass_mark"
    scene.cycle.pass_mark = published[0].final
    awards.award(session, actor=office, now=NOW, cycle=scene.cycle, results=published)
    assert _refusal(session, office, scene, published) == "already_awarded"


def _refusal(session: Session, office: Actor, scene: Scene, chosen: list[results.Result]) -> str:
    with pytest.raises(Refused) as refused:
        awards.award(session, actor=office, now=NOW, cycle=scene.cycle, results=chosen)
    (error,) = refused.value.errors.values()
    return error.code


def test_only_the_last_rounds_result_carries_the_title(session: Session, office: Actor) -> None:
    scene = closed_scene(session, rounds=[RoundPlan("区县初评"), RoundPlan("市级评估")])
    publishing.publish(session, actor=office, now=NOW, assignment=scene.assignment)
    scene.cycle.award_years = 3
    assert queries.awardable(session, office, scene.cycle) == []
    named = results.named(session, office, scene.cycle, [scene.assignment.id])
    assert _refusal(session, office, scene, named) == "not_last_round"


def test_a_certificate_is_called_due_a_year_ahead_and_expired_past_its_day(
    session: Session, office: Actor
) -> None:
    scene, certificate = awarded_scene(session, office, years=3)
    last = certificate.renew_by - NOW.date()
    seen = {
        days: queries.register(session, Show(), now=NOW + last + timedelta(days=days)).rows[0].validity
        for days in (-366, -365, 0, 1)
    }
    assert seen == {-366: Validity.VALID, -365: Validity.DUE, 0: Validity.DUE, 1: Validity.EXPIRED}
    (own,) = queries.of_dossier(session, scene.dossier, now=NOW)
    assert own.certificate.id == certificate.id


@pytest.mark.parametrize(
    ("day", "years", "then"),
    [
        (date(2026, 11, 23), 3, date(2029, 11, 23)),
        (date(2028, 2, 29), 4, date(2032, 2, 29)),
        (date(2028, 2, 29), 3, date(2031, 3, 1)),
    ],
)
def test_a_renewal_falls_on_the_same_day_of_the_calendar(day: date, years: int, then: date) -> None:
    assert awards.years_after(day, years) == then


def test_revoking_asks_for_a_reason_and_happens_once(session: Session, office: Actor) -> None:
    _, certificate = awarded_scene(session, office)
    with pytest.raises(DomainError, match="reason_missing"):
        awards.revoke(session, actor=office, now=NOW, certificate=certificate, reason="  ")
    awards.revoke(session, actor=office, now=NOW, certificate=certificate, reason="查实造假。")
    with pytest.raises(DomainError, match="already_revoked"):
        awards.revoke(session, actor=office, now=NOW, certificate=certificate, reason="查实造假。")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == Action.CERTIFICATE_REVOKED)).one()
    assert event.after == {"name": certificate.number, "reason": "查实造假。"}
