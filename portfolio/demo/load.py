"""The demo: one district with its panel, and three schools: drafting, under review and visited, published."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio.db import begin_write
from portfolio.demo import bulk, city, content, days
from portfolio.demo.aftermath import Aftermath, Answering
from portfolio.demo.applicant import Applicant, enter
from portfolio.demo.cast import DemoAccount
from portfolio.demo.claims import drafts_for, figures_for
from portfolio.demo.days import OPENS, Agenda, on, on_workday
from portfolio.demo.judging import Judging
from portfolio.demo.setting import Setting, set_up
from portfolio.demo.stocking import WrittenFile, stock, write_files
from portfolio.demo.verdicts import EXPERTS
from portfolio.demo.visiting import Visiting
from portfolio.models import School
from portfolio.services import trend
from portfolio.storage import Storage

__all__ = ["DemoAccount", "load"]

REVIEW, PUBLISHED = 1, 2
SUBMITTED_DAYS_AGO = {REVIEW: 20, PUBLISHED: 32}
FEW_SCHOOLS = 1  # where only the evidence is given
MUCH_EVIDENCE = 300  # of a city's first two schools
HALF_WAY = 31  # elements that the second expert has scored
PARTS = ("all", "A1, A2, A3, A6", "A2, A4, A5, A7")  # what each expert has of the package under review
_WRITING_STARTS = on(OPENS, days=3, at="9:00")
_COUNTED_BEFORE = timedelta(minutes=45)  # the last file is in by then
_SCORING_STARTS = on(OPENS, days=7, at="10:00")


def load(
    sessions: sessionmaker[Session],
    storage: Storage,
    settings: Settings,
    *,
    schools: int | None = None,
    evidence: int | None = None,
    now: datetime | None = None,
) -> list[DemoAccount]:
    """Fill a database that has no schools, and return the accounts made; where it has any, nothing and none.

    With `evidence`: a large set of so many schools with so much evidence each. With `schools` alone: a city of
    so many, the first two as in a large set. Everything is written in one transaction: cut off, it leaves no
    rows, and only bytes that a sweep removes.
    """
    larger = schools is not None or evidence is not None
    with TemporaryDirectory(prefix="portfolio-demo-") as made, sessions() as session:
        folder = Path(made)
        if _in_use(session):
            return []
        session.rollback()  # nobody waits while the files are written
        written = [] if larger else [write_files(index, folder) for index in range(len(content.schools()))]
        begin_write(session)
        if _in_use(session, alone=True):
            return []
        setting = set_up(
            session, storage, lifetime=settings.invitation_lifetime, present=days.present_at(now)
        )
        if not larger:
            _play(setting, written, folder)
        elif evidence is not None:
            bulk.fill(setting, folder, schools=schools or FEW_SCHOOLS, evidence=evidence)
        else:
            _fill_city(setting, folder, schools or FEW_SCHOOLS)
        session.commit()
    return setting.cast.accounts


def _in_use(session: Session, *, alone: bool = False) -> bool:
    """Whether there are schools; `alone` keeps others from adding some before the transaction's end."""
    if alone and session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        session.execute(text("LOCK TABLE schools IN EXCLUSIVE MODE"))
    return session.scalar(select(School.id).limit(1)) is not None


def _fill_city(setting: Setting, folder: Path, schools: int) -> None:
    """So many schools; the first two can be reviewed and settled, the others are drafting."""
    whole = min(schools, bulk.SUBMITTED)
    bulk.fill(setting, folder, schools=whole, evidence=MUCH_EVIDENCE)
    city.fill(setting, folder, range(whole + 1, schools + 1))
    trend.record_day(setting.session, setting.present)


def _play(setting: Setting, written: Sequence[Sequence[WrittenFile]], folder: Path) -> None:
    """The three schools' autumn, in the order of time."""
    agenda = Agenda()
    applicants = []
    for index, school in enumerate(content.schools()):
        joins_at = on(OPENS, days=index, at="9:30")
        applicant = enter(setting, school, content.people(index), joins_at=joins_at)
        applicants.append(applicant)
        ends = _writing_ends(setting, index)
        stocked = stock(setting.storage, applicant.school.id, written[index])
        applicant.plan_collecting(agenda, stocked, _WRITING_STARTS, ends - timedelta(hours=1))
        applicant.plan_counting(agenda, figures_for(index), ends - _COUNTED_BEFORE)
        applicant.plan_scoring(agenda, drafts_for(index), _SCORING_STARTS, ends)
    _plan_review(agenda, setting, applicants[REVIEW], folder)
    _plan_publication(agenda, setting, applicants[PUBLISHED])
    for evening in days.evenings(setting.present):
        agenda.add(evening, partial(trend.record_day, setting.session))
    agenda.play()


def _writing_ends(setting: Setting, index: int) -> datetime:
    """The drafting school is at it at this moment; the others were ready on the day they submitted."""
    ago = SUBMITTED_DAYS_AGO.get(index)
    return on(setting.present, days=-ago, at="10:30") if ago else setting.present


def _plan_submission(agenda: Agenda, setting: Setting, applicant: Applicant, index: int) -> None:
    """Handed over in the afternoon, signed the next morning."""
    ago = SUBMITTED_DAYS_AGO[index]
    applicant.plan_submission(
        agenda,
        handed_over_at=on(setting.present, days=-ago, at="15:20"),
        signed_at=on(setting.present, days=1 - ago, at="9:10"),
    )


def _plan_review(agenda: Agenda, setting: Setting, applicant: Applicant, folder: Path) -> None:
    """The first expert has everything and has handed in; two share it, one half-way, the other not begun.

    They were at the school, and then asked it for a supplement, which is open.
    """
    present = setting.present
    _plan_submission(agenda, setting, applicant, REVIEW)
    judging = Judging(setting, applicant, REVIEW)
    judging.plan_assignment(agenda, on(present, days=-17, at="10:00"), PARTS)
    judging.plan_review(agenda, 0, on(present, days=-14, at="9:00"), on(present, days=-6, at="16:00"))
    judging.plan_handing_in(agenda, 0, on(present, days=-6, at="16:30"))
    judging.plan_review(agenda, 1, on(present, days=-7, at="14:00"), present, done=HALF_WAY)
    visiting = Visiting(setting, judging, REVIEW)
    visiting.plan_visit(agenda, on_workday(present, days=-4, at="8:00"), folder)
    visiting.plan_supplement(
        agenda,
        proposed_at=on(present, days=-2, at="10:20"),
        asked_at=on(present, days=-1, at="15:40"),
        due_at=on(present, days=6, at="18:00"),
    )


def _plan_publication(agenda: Agenda, setting: Setting, applicant: Applicant) -> None:
    """All experts are in, the chair has settled and closed, the bureau has published; what follows is under way."""
    present = setting.present
    _plan_submission(agenda, setting, applicant, PUBLISHED)
    judging = Judging(setting, applicant, PUBLISHED)
    judging.plan_assignment(agenda, on(present, days=-28, at="10:00"))
    for expert in range(EXPERTS):
        ends = on(present, days=expert - 17, at="16:00")
        judging.plan_review(agenda, expert, on(present, days=-27, at="9:00"), ends)
        judging.plan_handing_in(agenda, expert, ends + timedelta(minutes=20))
    judging.plan_settlement(agenda, on(present, days=-13, at="9:00"), on(present, days=-11, at="16:00"))
    aftermath = Aftermath(setting, applicant, judging, PUBLISHED)
    aftermath.plan_report(agenda, on(present, days=-10, at="8:30"))
    judging.plan_result(
        agenda,
        closed_at=on(present, days=-10, at="11:00"),
        published_at=on(present, days=-7, at="9:30"),
    )
    aftermath.plan_answers(
        agenda,
        Answering(
            drafted_at=on(present, days=-6, at="14:10"),
            sent_at=on(present, days=-5, at="9:20"),
            decided_at=on(present, days=-4, at="15:30"),
        ),
        Answering(drafted_at=on(present, days=-2, at="14:30"), sent_at=on(present, days=-2, at="16:50")),
    )
    aftermath.plan_award(agenda, on(present, days=-3, at="10:00"))
    aftermath.plan_rectification(agenda, on(present, days=-1, at="10:40"))
