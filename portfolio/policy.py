"""Who may do what: one table, read as a predicate for a thing and as an SQL condition for a list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from portfolio.models import Assignment, Recusal, Removal, Review, Role


class Permission(StrEnum):
    """What can be asked for, as resource:action."""

    OWN_ACCOUNT = "account:own"
    DOSSIER_READ = "dossier:read"
    ELEMENT_SCORE = "element:score"
    ELEMENT_ASSIGN = "element:assign"
    WORK_READ = "work:read"
    CARRY_OVER = "dossier:carry_over"
    FIGURE_WRITE = "figure:write"
    MATERIAL_TICK = "material:tick"
    CITATION_WRITE = "citation:write"
    EVIDENCE_LIST = "evidence:list"
    EVIDENCE_READ = "evidence:read"
    EVIDENCE_WRITE = "evidence:write"
    EVIDENCE_DELETE = "evidence:delete"
    FILE_READ = "file:read"
    SUBMISSION_READ = "submission:read"
    DOSSIER_SUBMIT = "dossier:submit"
    DOSSIER_SIGN = "dossier:sign"
    DOSSIER_RECALL = "dossier:recall"
    RESULT_READ = "result:read"
    SCHOOL_INVITE = "school:invite"
    SCHOOL_EXPORT = "school:export"
    ERRAND_OWN = "errand:own"
    PACKAGE_READ = "package:read"
    ORIGINALS_READ = "originals:read"
    REPORT_WRITE = "report:write"
    WORKSHEET_USE = "worksheet:use"
    REVIEW_LIST = "review:list"
    REVIEW_TAKE = "review:take"
    REVIEW_READ = "review:read"
    REVIEW_SCORE = "review:score"
    SETTLEMENT_TAKE = "settlement:take"
    SETTLEMENT_READ = "settlement:read"
    SETTLEMENT_DISCUSS = "settlement:discuss"
    SETTLEMENT_SIGN = "settlement:sign"
    SETTLEMENT_WRITE = "settlement:write"
    VISIT_READ = "visit:read"
    VISIT_WRITE = "visit:write"
    FINDING_WRITE = "finding:write"
    PHOTO_READ = "photo:read"
    ANSWERS_READ = "answers:read"
    APPEAL_WRITE = "appeal:write"
    APPEAL_SEND = "appeal:send"
    APPEAL_DECIDE = "appeal:decide"
    RECTIFICATION_ANSWER = "rectification:answer"
    RECTIFICATION_CHECK = "rectification:check"
    SHEET_READ = "score_sheet:read"
    PANEL_DOCUMENTS_READ = "panel_documents:read"
    PANEL_REPORT_READ = "panel_report:read"
    CITY_READ = "city:read"
    CITY_MANAGE = "city:manage"
    AUDIT_READ = "audit:read"


class Scope(Enum):
    """Where a role must be held for a rule to apply."""

    ANYONE = auto()  # whoever is logged in
    CITY = auto()
    SCHOOL = auto()  # the school the thing belongs to
    PANEL = auto()  # a panel the thing is assigned to, no conflict with its school, and that signed
    SEAT = auto()  # as PANEL, the statement still to be signed


@dataclass(frozen=True, slots=True)
class Rule:
    """These roles, held there; `own` asks that the thing is also theirs by name, `answering` that it is an answer."""

    scope: Scope
    roles: frozenset[Role] = frozenset()
    own: bool = False
    answering: bool = False


def city(*roles: Role) -> Rule:
    """Holders of a role in the whole city."""
    return Rule(Scope.CITY, frozenset(roles))


def school(*roles: Role, own: bool = False) -> Rule:
    """Holders of a role in the school concerned."""
    return Rule(Scope.SCHOOL, frozenset(roles), own)


def panel(*roles: Role, own: bool = False) -> Rule:
    """Holders of a role in a panel concerned, without a conflict, who signed that they have none."""
    return Rule(Scope.PANEL, frozenset(roles), own)


def seat(*roles: Role, own: bool = False) -> Rule:
    """Holders of a role in a panel concerned, without a conflict; whether they signed so or not yet."""
    return Rule(Scope.SEAT, frozenset(roles), own)


_STAFF = school(Role.CONTRIBUTOR, Role.LEAD, Role.PRINCIPAL)
_EDITORS = school(Role.CONTRIBUTOR, Role.LEAD)
_PANEL = panel(Role.EXPERT, Role.CHAIR)
_OBSERVER = city(Role.OBSERVER)
_OFFICE = city(Role.BUREAU, Role.OBSERVER)
# of a school's files the bureau reads those that it is to decide or re-check by
_DECIDES_BY = Rule(Scope.CITY, frozenset({Role.BUREAU}), answering=True)

# The policy. What is not in it, nobody may.
POLICY: dict[Permission, tuple[Rule, ...]] = {
    Permission.OWN_ACCOUNT: (Rule(Scope.ANYONE),),
    Permission.DOSSIER_READ: (_STAFF, _OFFICE),
    Permission.ELEMENT_SCORE: (school(Role.LEAD), school(Role.CONTRIBUTOR, own=True)),
    Permission.ELEMENT_ASSIGN: (school(Role.LEAD),),
    Permission.WORK_READ: (_EDITORS,),
    Permission.CARRY_OVER: (school(Role.LEAD),),
    Permission.FIGURE_WRITE: (_EDITORS,),
    Permission.MATERIAL_TICK: (school(Role.LEAD), school(Role.CONTRIBUTOR, own=True)),
    Permission.CITATION_WRITE: (_EDITORS,),
    Permission.EVIDENCE_LIST: (_STAFF, _OBSERVER),
    Permission.EVIDENCE_READ: (_STAFF, _OBSERVER),
    Permission.EVIDENCE_WRITE: (_EDITORS,),
    Permission.EVIDENCE_DELETE: (_EDITORS,),
    Permission.FILE_READ: (_STAFF, _PANEL, _OBSERVER, _DECIDES_BY),
    Permission.SUBMISSION_READ: (_STAFF, _OFFICE),
    Permission.DOSSIER_SUBMIT: (school(Role.LEAD),),
    Permission.DOSSIER_SIGN: (school(Role.PRINCIPAL),),
    Permission.DOSSIER_RECALL: (school(Role.LEAD, Role.PRINCIPAL),),
    Permission.RESULT_READ: (_STAFF, _OFFICE),
    Permission.SCHOOL_INVITE: (school(Role.LEAD), city(Role.BUREAU)),
    Permission.SCHOOL_EXPORT: (school(Role.LEAD, Role.PRINCIPAL), city(Role.BUREAU)),
    Permission.ERRAND_OWN: (Rule(Scope.ANYONE, own=True),),
    Permission.PACKAGE_READ: (_STAFF, _PANEL, _OFFICE),
    Permission.ORIGINALS_READ: (_STAFF,),
    Permission.REPORT_WRITE: (_EDITORS,),
    Permission.WORKSHEET_USE: (_EDITORS,),
    Permission.REVIEW_LIST: (Rule(Scope.ANYONE, frozenset({Role.EXPERT, Role.CHAIR})),),
    Permission.REVIEW_TAKE: (seat(Role.EXPERT, own=True),),
    Permission.REVIEW_READ: (panel(Role.EXPERT, own=True),),
    Permission.REVIEW_SCORE: (panel(Role.EXPERT, own=True),),
    Permission.SETTLEMENT_TAKE: (seat(Role.CHAIR),),
    Permission.SETTLEMENT_READ: (panel(Role.CHAIR), panel(Role.EXPERT, own=True)),
    Permission.SETTLEMENT_DISCUSS: (panel(Role.CHAIR), panel(Role.EXPERT, own=True)),
    Permission.SETTLEMENT_SIGN: (panel(Role.EXPERT, own=True),),
    Permission.SETTLEMENT_WRITE: (panel(Role.CHAIR),),
    Permission.VISIT_READ: (_PANEL,),
    Permission.VISIT_WRITE: (_PANEL,),
    Permission.FINDING_WRITE: (panel(Role.EXPERT, Role.CHAIR, own=True),),
    Permission.PHOTO_READ: (panel(Role.EXPERT, Role.CHAIR, own=True),),
    Permission.ANSWERS_READ: (_STAFF, _PANEL, _OFFICE),
    Permission.APPEAL_WRITE: (school(Role.LEAD),),
    Permission.APPEAL_SEND: (school(Role.PRINCIPAL),),
    # the bureau only where no chair can: services/appeals.py
    Permission.APPEAL_DECIDE: (panel(Role.CHAIR), city(Role.BUREAU)),
    Permission.RECTIFICATION_ANSWER: (school(Role.LEAD),),
    Permission.RECTIFICATION_CHECK: (_PANEL, city(Role.BUREAU)),
    # when they open: queries.panel_documents
    Permission.SHEET_READ: (panel(Role.EXPERT, own=True), panel(Role.CHAIR), _OFFICE),
    Permission.PANEL_DOCUMENTS_READ: (panel(Role.CHAIR), panel(Role.EXPERT, own=True), _OFFICE),
    Permission.PANEL_REPORT_READ: (_STAFF, panel(Role.CHAIR), panel(Role.EXPERT, own=True), _OFFICE),
    Permission.CITY_READ: (_OFFICE,),
    Permission.CITY_MANAGE: (city(Role.BUREAU),),
    Permission.AUDIT_READ: (_OFFICE,),
}

# To refuse openly (403) a person must be able to see the thing; otherwise there is no such thing (404).
SEEN_WITH: dict[Permission, Permission] = {
    Permission.ELEMENT_SCORE: Permission.DOSSIER_READ,
    Permission.ELEMENT_ASSIGN: Permission.DOSSIER_READ,
    Permission.WORK_READ: Permission.DOSSIER_READ,
    Permission.CARRY_OVER: Permission.DOSSIER_READ,
    Permission.FIGURE_WRITE: Permission.DOSSIER_READ,
    Permission.MATERIAL_TICK: Permission.DOSSIER_READ,
    Permission.CITATION_WRITE: Permission.DOSSIER_READ,
    Permission.DOSSIER_SUBMIT: Permission.SUBMISSION_READ,
    Permission.REPORT_WRITE: Permission.DOSSIER_READ,
    Permission.WORKSHEET_USE: Permission.DOSSIER_READ,
    Permission.SCHOOL_EXPORT: Permission.DOSSIER_READ,
    Permission.DOSSIER_SIGN: Permission.SUBMISSION_READ,
    Permission.DOSSIER_RECALL: Permission.SUBMISSION_READ,
    Permission.EVIDENCE_WRITE: Permission.EVIDENCE_READ,
    Permission.EVIDENCE_DELETE: Permission.EVIDENCE_READ,
    Permission.REVIEW_SCORE: Permission.REVIEW_READ,
    Permission.SETTLEMENT_DISCUSS: Permission.SETTLEMENT_READ,
    Permission.SETTLEMENT_SIGN: Permission.SETTLEMENT_READ,
    Permission.SETTLEMENT_WRITE: Permission.SETTLEMENT_READ,
    Permission.VISIT_WRITE: Permission.VISIT_READ,
    Permission.APPEAL_WRITE: Permission.ANSWERS_READ,
    Permission.APPEAL_SEND: Permission.ANSWERS_READ,
    Permission.APPEAL_DECIDE: Permission.ANSWERS_READ,
    Permission.RECTIFICATION_ANSWER: Permission.ANSWERS_READ,
    Permission.RECTIFICATION_CHECK: Permission.ANSWERS_READ,
    Permission.CITY_MANAGE: Permission.CITY_READ,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role as held: in a school, in a panel, or in the city."""

    role: Role
    school_id: int | None = None
    panel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """A person as the policy sees them."""

    user_id: int
    name: str
    grants: frozenset[Grant]
    # schools whose packages they declared a conflict with
    recused_from: frozenset[int] = frozenset()
    # (panel, school): they signed that nothing ties them to the school whose packages the panel has
    cleared: frozenset[tuple[int, int]] = frozenset()

    def holds(self, *roles: Role) -> bool:
        """Whether they hold one of the roles anywhere."""
        return any(grant.role in roles for grant in self.grants)

    def schools(self, *roles: Role) -> frozenset[int]:
        """The schools they hold one of the roles in (any role if none is named)."""
        return frozenset(g.school_id for g in self.grants if g.school_id and (not roles or g.role in roles))

    def panels(self, *roles: Role) -> frozenset[int]:
        """The panels they hold one of the roles in (any role if none is named)."""
        return frozenset(g.panel_id for g in self.grants if g.panel_id and (not roles or g.role in roles))

    @property
    def conflicts(self) -> frozenset[int]:
        """Schools they must not judge: their own, and those they declared."""
        return self.recused_from | self.schools()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing stands: its school, the panels it is assigned to, the person or party whose it is by name.

    `answers`: the school's answer to its result, or its report on what was put right, rests on it.
    """

    school_id: int | None = None
    panel_ids: frozenset[int] = frozenset()
    person_id: int | None = None
    party: frozenset[int] = frozenset()
    answers: bool = False


NOWHERE = Place()


def allows(actor: Actor, permission: Permission, place: Place = NOWHERE) -> bool:
    """Whether the actor may do this to the thing that stands there."""
    return any(_applies(rule, actor, place) for rule in POLICY[permission])


def shows(actor: Actor, permission: Permission, place: Place = NOWHERE) -> bool:
    """Whether the actor may at least know of the thing."""
    return allows(actor, SEEN_WITH.get(permission, permission), place)


def _applies(rule: Rule, actor: Actor, place: Place) -> bool:
    if rule.own and actor.user_id != place.person_id and actor.user_id not in place.party:
        return False
    if rule.answering and not place.answers:
        return False
    match rule.scope:
        case Scope.ANYONE:
            return not rule.roles or actor.holds(*rule.roles)
        case Scope.CITY:
            return actor.holds(*rule.roles)
        case Scope.SCHOOL:
            return place.school_id in actor.schools(*rule.roles)
        case Scope.PANEL | Scope.SEAT:
            seats = place.panel_ids & actor.panels(*rule.roles)
            if rule.scope is Scope.PANEL:
                seats = frozenset(each for each in seats if (each, place.school_id) in actor.cleared)
            return bool(seats) and place.school_id not in actor.conflicts


Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def condition(
    actor: Actor,
    permission: Permission,
    *,
    school: Column | None = None,
    panel: Column | None = None,
    person: Column | None = None,
) -> ColumnElement[bool]:
    """`allows`, as a condition over the columns that hold each row's place."""
    return or_(false(), *(_condition(rule, actor, school, panel, person) for rule in POLICY[permission]))


def _condition(
    rule: Rule, actor: Actor, school: Column | None, panel: Column | None, person: Column | None
) -> ColumnElement[bool]:
    if rule.answering:  # no list holds such files as rows of its own
        return false()
    owned = true() if not rule.own else false() if person is None else person == actor.user_id
    match rule.scope:
        case Scope.ANYONE | Scope.CITY:
            holds = actor.holds(*rule.roles) if rule.roles else rule.scope is Scope.ANYONE
            return and_(owned, true() if holds else false())
        case Scope.SCHOOL:
            if school is None:
                return false()
            return and_(owned, school.in_(actor.schools(*rule.roles)))
        case Scope.PANEL | Scope.SEAT:
            if panel is None or school is None:
                return false()
            clear: ColumnElement[bool] = school.not_in(actor.conflicts)
            if rule.scope is Scope.PANEL:
                signed = [and_(panel == at, school == of) for at, of in sorted(actor.cleared)]
                clear = and_(clear, or_(false(), *signed))
            return and_(owned, panel.in_(actor.panels(*rule.roles)), clear)


def recused(person: Column, school: Column | int, *, until: Column) -> ColumnElement[bool]:
    """Whether a person's review of a school is set aside: they declared a conflict before the moment in `until`.

    A review that was closed without a conflict stays what it was.
    """
    before = or_(until.is_(None), Recusal.declared_at <= until)
    return exists().where(Recusal.user_id == person, Recusal.school_id == school, before)


def counts(school: Column | int) -> ColumnElement[bool]:
    """Whether a review counts, in a statement on Review and its Assignment: nobody stepped aside or was taken off."""
    aside = recused(Review.expert_id, school, until=Assignment.closed_at)
    return and_(~aside, ~removed())


def removed() -> ColumnElement[bool]:
    """Whether the expert of a review was taken off the package, in a statement on Review."""
    return exists().where(Removal.review_id == Review.id)
