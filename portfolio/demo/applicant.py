"""A school of the demo on its way to a package: it collects, cites, scores, and submits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import select

from portfolio.days import SCHOOL_TIME, day_of
from portfolio.demo import days
from portfolio.demo.claims import Counted, Draft
from portfolio.demo.content import DemoPerson, DemoSchool
from portfolio.demo.days import Agenda
from portfolio.demo.materials import Citation, Material
from portfolio.demo.setting import Setting, add_school
from portfolio.models import Dossier, EvidenceKind, Package, Role, School, SelfAssessment
from portfolio.policy import Actor
from portfolio.queries.copies import missing_copies
from portfolio.queries.figures import asked_years
from portfolio.queries.submission import check_list
from portfolio.services import citations, cycles, derivations, dossiers, evidence, figures, packages
from portfolio.services.citations import Passage
from portfolio.services.evidence import Description, StoredFile
from rubric.gaps import Rule
from rubric.loader import DEFAULT, find
from rubric.scoring import format_score

# The networks are shown where they are: complete schools cite no file for this element, and say so.
SHOWN_ON_SITE = "C71"
WAIVERS = {
    Rule.NO_EVIDENCE: "网络、设备和平台运行情况以现场为准，已备好演示账号，请专家组在实地查看时核验。",
    Rule.FULL_ON_ONE_OLD_FILE: "该项制度自发布以来一直执行，本学年的过程记录待学期末归档后补充。",
}
_CITED_AFTER = timedelta(minutes=3)
_REPLACED_AFTER = timedelta(days=3)
_PROVEN_AFTER = timedelta(minutes=20)
# Between the days by which the elements of one A and of the next are to be done.
_DAYS_APART = 3


@dataclass(frozen=True, slots=True)
class Stocked:
    """A material whose files are in the store; `draft` is the version before, where there was one."""

    material: Material
    file: StoredFile
    draft: StoredFile | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """A school's people."""

    lead: Actor
    principal: Actor
    contributors: tuple[Actor, ...]


class Applicant:
    """A school in the cycle, with the steps it takes; each `plan_` puts some on the agenda."""

    def __init__(self, setting: Setting, school: School, dossier: Dossier, staff: Staff) -> None:
        self.school = school
        self.dossier = dossier
        self.staff = staff
        self._setting = setting
        self._session = setting.session
        self._evidence: dict[str, int] = {}
        self._package: Package | None = None

    @property
    def package(self) -> Package:
        """What it submitted."""
        assert self._package is not None, f"{self.school.name} has not submitted"
        return self._package

    def plan_collecting(
        self, agenda: Agenda, stock: Sequence[Stocked], start: datetime, end: datetime
    ) -> None:
        """Each material is uploaded in its turn, but not before it was written, and cited at once."""
        moments = days.spread(start, end, len(stock))
        for position, (stocked, slot) in enumerate(zip(stock, moments, strict=True)):
            written = datetime.combine(stocked.material.dated_on, slot.astimezone(SCHOOL_TIME).timetz())
            at = min(max(slot, written.astimezone(UTC) + timedelta(days=1)), end)
            uploader = self.staff.contributors[position % len(self.staff.contributors)]
            agenda.add(at, partial(self._add, stocked, uploader))
            for number, citation in enumerate(stocked.material.citations, start=1):
                agenda.add(
                    at + _CITED_AFTER * number, partial(self._cite, stocked.material, citation, uploader)
                )
            if stocked.draft:
                agenda.add(min(at + _REPLACED_AFTER, end), partial(self._replace, stocked, uploader))

    def plan_scoring(self, agenda: Agenda, drafts: Sequence[Draft], start: datetime, end: datetime) -> None:
        """Everybody writes what is theirs, in the rubric's order."""
        agenda.add(start, self.share_out)
        written = [draft for draft in drafts if draft.score is not None or draft.justification]
        for draft, at in zip(written, days.spread(start, end, len(written)), strict=True):
            agenda.add(at, partial(self._score, draft))

    def plan_counting(self, agenda: Agenda, counted: Sequence[Counted], at: datetime) -> None:
        """A contributor enters the basic figures, and then names the files that prove them."""
        agenda.add(at, partial(self._count, counted))
        agenda.add(at + _PROVEN_AFTER, partial(self._prove, counted))

    def plan_submission(self, agenda: Agenda, *, handed_over_at: datetime, signed_at: datetime) -> None:
        """The lead hands over with a reason for every gap that is left, the principal signs."""
        agenda.add(handed_over_at, self.hand_over)
        agenda.add(signed_at, self.sign)

    def share_out(self, now: datetime) -> None:
        """The lead gives the contributors their elements, each A by a day of its own, all before the deadline."""
        last = day_of(self.dossier.cycle.submit_by)
        people = (None, *(contributor.user_id for contributor in self.staff.contributors))
        for assessment in self._assessments():
            indicator = int(find(DEFAULT).element(assessment.element).indicator[1:])
            if (user_id := people[indicator % len(people)]) is not None:
                dossiers.assign_element(
                    self._session,
                    actor=self.staff.lead,
                    now=now,
                    dossier=self.dossier,
                    assessment=assessment,
                    user_id=user_id,
                    due_on=last
                    - timedelta(days=_DAYS_APART * (len(find(DEFAULT).indicators) + 1 - indicator)),
                )

    def hand_over(self, now: datetime) -> None:
        """The lead waives what is left, with the reason for each kind of gap, and submits."""
        left = check_list(self._session, self.dossier, now=now).open
        for rule in sorted({gap.rule for gap in left}):
            keys = [gap.key for gap in left if gap.rule is rule]
            packages.waive(
                self._session,
                actor=self.staff.lead,
                now=now,
                dossier=self.dossier,
                keys=keys,
                reason=WAIVERS[rule],
            )
        packages.hand_over(self._session, actor=self.staff.lead, now=now, dossier=self.dossier)

    def sign(self, now: datetime) -> None:
        """The principal signs, which makes the package."""
        principal = self.staff.principal
        self._make_copies(now)
        self._package = packages.sign(
            self._session,
            actor=principal,
            now=now,
            dossier=self.dossier,
            password=self._setting.cast.password_of(principal),
            storage=self._setting.storage,
        )

    def _make_copies(self, now: datetime) -> None:
        """The public copies of its pictures, without which nothing freezes; all else is made in the background."""
        missing = missing_copies(self._session, dossier_id=self.dossier.id)
        derivations.run_within(
            self._session,
            self._setting.storage,
            school_id=self.school.id,
            digests=[copy.sha256 for copy in missing],
            now=now,
        )

    def _add(self, stocked: Stocked, uploader: Actor, now: datetime) -> None:
        material = stocked.material
        added = evidence.add_evidence(
            self._session,
            actor=uploader,
            now=now,
            school_id=self.school.id,
            file=stocked.draft or stocked.file,
            description=described(material),
        )
        self._evidence[material.key] = added.id

    def _replace(self, stocked: Stocked, uploader: Actor, now: datetime) -> None:
        evidence.add_version(
            self._session,
            actor=uploader,
            now=now,
            evidence_id=self._evidence[stocked.material.key],
            school_id=self.school.id,
            file=stocked.file,
            reason=f"补上“{stocked.material.pages[-1].heading}”一页",
        )

    def _cite(self, material: Material, citation: Citation, uploader: Actor, now: datetime) -> None:
        citations.cite(
            self._session,
            actor=uploader,
            now=now,
            dossier_id=self.dossier.id,
            element=citation.element,
            evidence_id=self._evidence[material.key],
            passage=Passage(citation.page, None, citation.remark),
        )

    def _count(self, counted: Sequence[Counted], now: datetime) -> None:
        typed = [
            figures.Typed(each.figure, year, value, 0)
            for each in counted
            for year, value in zip(self._years(each), each.values, strict=True)
        ]
        figures.enter(
            self._session,
            actor=self.staff.contributors[0],
            now=now,
            dossier=self.dossier,
            rubric=find(DEFAULT),
            typed=typed,
        )

    def _prove(self, counted: Sequence[Counted], now: datetime) -> None:
        for each in counted:
            for year in self._years(each) if each.proof else ():
                figures.prove(
                    self._session,
                    actor=self.staff.contributors[0],
                    now=now,
                    dossier=self.dossier,
                    figure=each.figure,
                    year=year,
                    evidence_id=self._evidence[str(each.proof)],
                    page=each.page,
                )

    def _years(self, counted: Counted) -> list[int]:
        """The school years a figure is asked for, the oldest first."""
        return sorted(asked_years(find(DEFAULT), self.dossier)[counted.figure])

    def _score(self, draft: Draft, now: datetime) -> None:
        assessment = self._assessments(draft.element)[0]
        dossiers.score_element(
            self._session,
            actor=self._writer(assessment),
            now=now,
            dossier=self.dossier,
            assessment=assessment,
            element=find(DEFAULT).element(draft.element),
            score=None if draft.score is None else format_score(draft.score),
            justification=draft.justification,
            version=assessment.version,
        )
        self._session.expire(assessment)  # the service writes past the object

    def _writer(self, assessment: SelfAssessment) -> Actor:
        people = {actor.user_id: actor for actor in self.staff.contributors}
        return people.get(assessment.assignee_id or 0, self.staff.lead)

    def _assessments(self, *codes: str) -> Sequence[SelfAssessment]:
        wanted = select(SelfAssessment).where(SelfAssessment.dossier_id == self.dossier.id)
        if codes:
            wanted = wanted.where(SelfAssessment.element.in_(codes))
        return self._session.scalars(wanted).all()


def described(material: Material) -> Description:
    """What the school says about a material."""
    return Description(
        title=material.title,
        kind=EvidenceKind(material.kind),
        years=frozenset(material.school_years),
        date=material.dated_on,
        remark=material.remark,
    )


def enter(
    setting: Setting, school: DemoSchool, people: Sequence[DemoPerson], *, joins_at: datetime
) -> Applicant:
    """The bureau takes a school in, invites its people and opens its dossier, when the cycle is open."""
    added = add_school(setting, school, now=joins_at)
    joined: dict[Role, list[Actor]] = {}
    for position, person in enumerate(people, start=1):
        user = setting.cast.join(
            person, now=joins_at + timedelta(minutes=30 * position), by=setting.bureau, school=added
        )
        joined.setdefault(Role(person.role), []).append(setting.cast.actor(user))
    dossier = cycles.open_dossier(
        setting.session,
        actor=setting.bureau,
        now=joins_at + timedelta(hours=4),
        school=added,
        cycle=setting.cycle,
    )
    setting.session.refresh(dossier, ["school", "cycle"])
    staff = Staff(joined[Role.LEAD][0], joined[Role.PRINCIPAL][0], tuple(joined[Role.CONTRIBUTOR]))
    return Applicant(setting, added, dossier, staff)
