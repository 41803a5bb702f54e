"""What the panel says: each expert of an element, the discussion, and who proposed and signed the closing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, literal, null, select, type_coerce, union_all
from sqlalchemy.orm import Session, aliased

from portfolio.db import Score
from portfolio.models import (
    Assignment,
    Closing,
    Determination,
    ElementReview,
    PackageElement,
    Remark,
    ReportSection,
    Ruling,
    SettlementRule,
    Stance,
    User,
)
from portfolio.queries.rounds import assignment_below
from rubric.model import Channel


@dataclass(frozen=True, slots=True)
class Voice:
    """What one expert says about an element."""

    name: str
    score: Decimal | None
    reason: str
    channel: Channel | None


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in an element's discussion: a remark, or a ruling (it has a rule), and what stood at its time."""

    who: str
    author_id: int
    at: datetime
    words: str
    stance: Stance | None
    rule: SettlementRule | None
    score: Decimal | None
    # a ruling's own number; for a remark, that of the ruling it speaks of (0: of none)
    ruling: int
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything said about one element."""

    justification: str
    voices: tuple[Voice, ...]
    settled: Determination | None
    thread: tuple[Entry, ...]
    # the reason that the round below gave; None where there is no such round
    below: str | None

    def said_by(self, user_id: int) -> int:
        """How many remarks a person has made."""
        return sum(entry.rule is None and entry.author_id == user_id for entry in self.thread)


@dataclass(frozen=True, slots=True)
class ClosingStep:
    """A proposal to close, with the names of who made it, who signed it, and who reopened the review."""

    closing: Closing
    proposed_by: str
    signed_by: str | None
    reopened_by: str | None

    @property
    def opinion(self) -> str:
        """The panel's opinion in the report it was proposed with, in Markdown."""
        return str(self.closing.report["parts"].get(ReportSection.OPINION, ""))

    @property
    def waits(self) -> bool:
        """Whether it waits for a signature."""
        return self.closing.signed_at is None and self.closing.withdrawn_at is None


def detail(session: Session, assignment: Assignment, names: Mapping[int, str], code: str) -> Detail:
    """One element of the table, in two statements; `names` holds the experts' by their reviews, in their order."""
    under = aliased(Determination)
    rows = session.execute(
        select(
            ElementReview.review_id,
            ElementReview.score,
            ElementReview.reason,
            ElementReview.channel,
            PackageElement.justification,
            Determination,
            under.reason.label("below"),
        )
        .select_from(PackageElement)
        .outerjoin(
            under,
            and_(
                under.element == PackageElement.element,
                under.assignment_id == assignment_below(assignment),
            ),
        )
        .outerjoin(
            ElementReview,
            and_(ElementReview.element == PackageElement.element, ElementReview.review_id.in_(list(names))),
        )
        .outerjoin(
            Determination,
            and_(
                Determination.element == PackageElement.element, Determination.assignment_id == assignment.id
            ),
        )
        .where(PackageElement.package_id == assignment.package_id, PackageElement.element == code)
        .execution_options(populate_existing=True)
    ).all()
    said = {row.review_id: row for row in rows}
    voices = tuple(
        Voice(name, *said[review_id][1:4]) for review_id, name in names.items() if review_id in said
    )
    thread = _thread(session, assignment, code)
    return Detail(rows[0].justification, voices, rows[0].Determination, thread, rows[0].below)


def _thread(session: Session, assignment: Assignment, code: str) -> tuple[Entry, ...]:
    """Remarks and rulings in the order of time; one statement."""
    nothing = {
        "stance": type_coerce(null(), Remark.stance.type).label("stance"),
        "rule": type_coerce(null(), Ruling.rule.type).label("rule"),
        "score": type_coerce(null(), Score()).label("score"),
        "undone_at": type_coerce(null(), Ruling.undone_at.type).label("undone_at"),
    }
    remarks = (
        select(
            User.name.label("who"),
            Remark.author_id,
            Remark.written_at.label("at"),
            Remark.words,
            Remark.stance,
            nothing["rule"],
            nothing["score"],
            Remark.ruling,
            nothing["undone_at"],
            literal(1).label("after"),
        )
        .select_from(Remark)
        .join(User, User.id == Remark.author_id)
    )
    rulings = (
        select(
            User.name,
            Ruling.settled_by,
            Ruling.settled_at,
            Ruling.reason,
            nothing["stance"],
            Ruling.rule,
            Ruling.score,
            Ruling.number,
            Ruling.undone_at,
            literal(0),
        )
        .select_from(Ruling)
        .join(User, User.id == Ruling.settled_by)
    )
    both = union_all(
        remarks.where(Remark.assignment_id == assignment.id, Remark.element == code),
        rulings.where(Ruling.assignment_id == assignment.id, Ruling.element == code),
    ).subquery()
    rows = session.execute(select(both).order_by(both.c.at, both.c.ruling, both.c.after))
    return tuple(Entry(*row[:9]) for row in rows)


def closings(session: Session, assignment: Assignment) -> tuple[ClosingStep, ...]:
    """Every proposal to close, the newest first; one statement."""
    proposer, signer, office = aliased(User), aliased(User), aliased(User)
    rows = session.execute(
        select(Closing, proposer.name, signer.name, office.name)
        .join(proposer, proposer.id == Closing.proposed_by)
        .outerjoin(signer, signer.id == Closing.signed_by)
        .outerjoin(office, office.id == Closing.reopened_by)
        .where(Closing.assignment_id == assignment.id)
        .order_by(Closing.number.desc())
        .execution_options(populate_existing=True)
    )
    return tuple(ClosingStep(*row) for row in rows)
