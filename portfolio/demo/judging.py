"""The demo's panel at work on a package: three experts, their chair, and the bureau that publishes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from portfolio.demo import days, verdicts
from portfolio.demo.applicant import Applicant
from portfolio.demo.days import Agenda
from portfolio.demo.setting import Setting
from portfolio.demo.verdicts import ExpertScore, FinalScore
from portfolio.models import Assignment, Review, SettlementRule
from portfolio.policy import Actor
from portfolio.services import closing, interests, panels, publishing, reviews, settlement
from rubric.loader import DEFAULT, find
from rubric.model import Channel
from rubric.scoring import format_score
from rubric.spans import spell_out

OPINION = (
    "学校办学思路清晰，自评客观，佐证材料总体完整，多数要素有近三年的过程记录可查。"
    "党建引领、课程建设和学生发展成效明显，教师培训和家校协同有自己的做法。\n\n"
    "主要不足：合作学习、教学反思等环节落实不均衡；部分制度有方案而缺少考核与反馈记录；"
    "信息化环境与功能部室的使用效益有待提高。\n\n"
    "专家组合议后同意以上核定分数，建议学校对照失分说明逐项整改，并在下一批次申报前完成复查。"
)
_UNTIL_SIGNED = timedelta(hours=3)
_ON_SITE_NOTE = "到校后先看这一项，和登记表对一下。"


class Judging:
    """A package in the panel's hands; each `plan_` puts some of its steps on the agenda."""

    def __init__(self, setting: Setting, applicant: Applicant, school_index: int) -> None:
        self._setting = setting
        self._session = setting.session
        self._applicant = applicant
        self._index = school_index
        self._assignment: Assignment | None = None

    def plan_assignment(self, agenda: Agenda, at: datetime, parts: Sequence[str] = ()) -> None:
        """The bureau gives the package to the panel; `parts`: what each expert has of it, everything by default."""
        agenda.add(at, partial(self.assign, parts=parts))
        agenda.add(at + _UNTIL_SIGNED, self._sign_statements)

    def plan_review(
        self, agenda: Agenda, expert: int, start: datetime, end: datetime, *, done: int | None = None
    ) -> None:
        """An expert (0, 1 or 2) scores the first so many elements, all by default."""
        scores = verdicts.expert_scores(self._index, expert)[:done]
        for score, at in zip(scores, days.spread(start, end, len(scores)), strict=True):
            agenda.add(at, partial(self._score, self._setting.experts[expert], score))

    def plan_handing_in(self, agenda: Agenda, expert: int, at: datetime) -> None:
        """An expert who has scored everything hands in."""
        agenda.add(at, partial(self._hand_in, self._setting.experts[expert]))

    def plan_settlement(self, agenda: Agenda, start: datetime, end: datetime) -> None:
        """The chair opens the table and settles every element at the median."""
        agenda.add(start, self.open_table)
        finals = verdicts.final_scores(self._index)
        for final, at in zip(finals, days.spread(start, end, len(finals)), strict=True):
            agenda.add(at, partial(self._settle, final))

    def plan_result(self, agenda: Agenda, *, closed_at: datetime, published_at: datetime) -> None:
        """The chair proposes to close with the panel's opinion, an expert signs, the bureau publishes."""
        agenda.add(closed_at, self._propose_closing)
        agenda.add(closed_at + _UNTIL_SIGNED, self._sign_closing)
        agenda.add(published_at, self._publish)

    def assign(self, now: datetime, *, parts: Sequence[str] = ()) -> None:
        """The bureau gives the package to the panel, each expert their part of it."""
        rubric = find(DEFAULT)
        experts = self._setting.experts
        allotment = {
            expert.user_id: spell_out(part, rubric) for expert, part in zip(experts, parts, strict=False)
        }
        self._assignment = panels.assign(
            self._session,
            actor=self._setting.bureau,
            now=now,
            panel=self._setting.panel,
            package=self._applicant.package,
            allotment=allotment or None,
        )

    def open_table(self, now: datetime) -> None:
        """The chair shows the panel all scores."""
        settlement.open_table(self._session, actor=self._setting.chair, now=now, assignment=self.assignment)

    @property
    def assignment(self) -> Assignment:
        """The package as the panel has it."""
        assert self._assignment is not None, "the package has not been given to the panel"
        return self._assignment

    def _sign_statements(self, now: datetime) -> None:
        """Each of the panel signs that nothing ties them to the school."""
        for member in (*self._setting.experts, self._setting.chair):
            interests.declare_none(
                self._session,
                actor=member,
                now=now,
                assignment=self.assignment,
                password=self._setting.cast.password_of(member),
            )

    def _review_of(self, expert: Actor) -> Review:
        return self._session.scalars(
            select(Review).where(
                Review.assignment_id == self.assignment.id, Review.expert_id == expert.user_id
            )
        ).one()

    def _score(self, expert: Actor, given: ExpertScore, now: datetime) -> None:
        on_site = given.channel == Channel.INSPECT
        reviews.score_element(
            self._session,
            actor=expert,
            now=now,
            review=self._review_of(expert),
            code=given.element,
            score_text=format_score(given.score),
            reason=given.reason,
            channel=given.channel,
            version=0,
            note=_ON_SITE_NOTE if on_site else None,
            flagged=on_site,
        )

    def _hand_in(self, expert: Actor, now: datetime) -> None:
        reviews.hand_in(self._session, actor=expert, now=now, review=self._review_of(expert))

    def _settle(self, final: FinalScore, now: datetime) -> None:
        settlement.settle(
            self._session,
            actor=self._setting.chair,
            now=now,
            assignment=self.assignment,
            code=final.element,
            score_text=format_score(final.score),
            rule=SettlementRule.MEDIAN,
            reason=final.reason,
            version=0,
        )

    def _propose_closing(self, now: datetime) -> None:
        closing.propose(
            self._session, actor=self._setting.chair, now=now, assignment=self.assignment, opinion=OPINION
        )

    def _sign_closing(self, now: datetime) -> None:
        closing.sign(
            self._session,
            actor=self._setting.experts[0],
            now=now,
            assignment=self.assignment,
            number=1,
            password=self._setting.cast.password_of(self._setting.experts[0]),
        )

    def _publish(self, now: datetime) -> None:
        publishing.publish(self._session, actor=self._setting.bureau, now=now, assignment=self.assignment)
