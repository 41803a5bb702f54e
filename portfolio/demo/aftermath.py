"""The demo's published school after the settlement: report, list, factual errors answered, the title, a re-check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import select

from portfolio.days import day_of
from portfolio.demo import proceedings
from portfolio.demo.applicant import Applicant
from portfolio.demo.days import Agenda
from portfolio.demo.judging import Judging
from portfolio.demo.setting import Setting
from portfolio.models import Citation, Determination, RectificationItem
from portfolio.queries import results
from portfolio.services import appeals, awards, panel_reports, rectifying
from portfolio.services.answering import Cited
from portfolio.services.panel_reports import Plan
from rubric.scoring import format_score

_TENTH = Decimal("0.1")  # what the panel gives back


@dataclass(frozen=True, slots=True)
class Answering:
    """When an answer to a factual error is drafted, sent and decided; None: the chair has yet to decide."""

    drafted_at: datetime
    sent_at: datetime
    decided_at: datetime | None = None


class Aftermath:
    """What follows the settlement; each `plan_` puts some of it on the agenda."""

    def __init__(self, setting: Setting, applicant: Applicant, judging: Judging, school_index: int) -> None:
        self._setting = setting
        self._session = setting.session
        self._applicant = applicant
        self._judging = judging
        self._written = proceedings.aftermath(school_index)

    def plan_report(self, agenda: Agenda, at: datetime) -> None:
        """The chair writes the report and lists what is to be put right, before closing."""
        agenda.add(at, self._report)
        agenda.add(at + timedelta(hours=1), self._list)

    def plan_answers(self, agenda: Agenda, first: Answering, then: Answering) -> None:
        """The lead drafts answers, the principal sends them, the chair accepts those there is a reason for."""
        for (code, answer), when in zip(self._written.answers.items(), (first, then), strict=True):
            agenda.add(when.drafted_at, partial(self._draft, code))
            agenda.add(when.sent_at, partial(self._send, code))
            if when.decided_at is not None:
                agenda.add(when.decided_at, partial(self._accept, code, answer.reason))

    def plan_award(self, agenda: Agenda, at: datetime) -> None:
        """The bureau awards the title."""
        agenda.add(at, self._award)

    def plan_rectification(self, agenda: Agenda, at: datetime) -> None:
        """The lead reports what was done about an item; it is to be re-checked."""
        for code, text in self._written.done.items():
            agenda.add(at, partial(self._answer, code, text))

    def _report(self, now: datetime) -> None:
        for part, text in self._written.report.items():
            panel_reports.write_part(
                self._session,
                actor=self._setting.chair,
                now=now,
                assignment=self._judging.assignment,
                part=part,
                text=text,
                version=0,
            )

    def _list(self, now: datetime) -> None:
        today = day_of(self._setting.present)
        for code, item in self._written.items.items():
            panel_reports.list_item(
                self._session,
                actor=self._setting.chair,
                now=now,
                assignment=self._judging.assignment,
                plan=Plan(
                    element=code,
                    problem=self._final(code).reason,
                    measure=item.measure,
                    responsible=item.responsible,
                    due_on=today + timedelta(days=item.days),
                ),
            )

    def _draft(self, code: str, now: datetime) -> None:
        appeals.draft(
            self._session,
            actor=self._applicant.staff.lead,
            now=now,
            assignment=self._judging.assignment,
            code=code,
            text=self._written.answers[code].text,
            cited=self._files(code),
            version=0,
        )

    def _send(self, code: str, now: datetime) -> None:
        appeals.send(
            self._session,
            actor=self._applicant.staff.principal,
            now=now,
            assignment=self._judging.assignment,
            code=code,
            version=1,
        )

    def _accept(self, code: str, reason: str, now: datetime) -> None:
        score = self._final(code).score
        assert score is not None, f"{code} has a final score"
        appeals.accept(
            self._session,
            actor=self._setting.chair,
            now=now,
            assignment=self._judging.assignment,
            code=code,
            score_text=format_score(score + _TENTH),
            reason=reason,
        )

    def _award(self, now: datetime) -> None:
        setting = self._setting
        chosen = results.named(self._session, setting.bureau, setting.cycle, [self._judging.assignment.id])
        awards.award(self._session, actor=setting.bureau, now=now, cycle=setting.cycle, results=chosen)

    def _answer(self, code: str, text: str, now: datetime) -> None:
        assignment = self._judging.assignment
        item = self._session.scalars(
            select(RectificationItem).where(
                RectificationItem.assignment_id == assignment.id, RectificationItem.element == code
            )
        ).one()
        rectifying.answer(
            self._session,
            actor=self._applicant.staff.lead,
            now=now,
            assignment=assignment,
            item=item,
            text=text,
            cited=self._files(code),
        )

    def _final(self, code: str) -> Determination:
        return self._session.scalars(
            select(Determination).where(
                Determination.assignment_id == self._judging.assignment.id, Determination.element == code
            )
        ).one()

    def _files(self, code: str) -> list[Cited]:
        """The newest file that the school cites for the element, at its page."""
        cited = self._session.scalars(
            select(Citation)
            .where(Citation.dossier_id == self._applicant.dossier.id, Citation.element == code)
            .order_by(Citation.cited_at.desc(), Citation.id)
            .limit(1)
        ).one()
        return [Cited(cited.evidence_id, cited.page_from, cited.page_to)]
