"""Random samples of lists (抽样): drawn by a seed nobody can choose, put on record, never changed."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.errors import DomainError, Refused
from portfolio.models import Assignment, Draw
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services.reviews import check_length
from portfolio.services.rows import add_once, clean_name
from portfolio.services.visits import hold, trail
from rubric.sampling import counted, draw, list_digest

MOST_LINES = 20_000
LONGEST_LINE = 200
MOST_DRAWN = 200


def draw_sample(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    title: str,
    lines: str,
    count: str,
    size: str,
    reason: str,
) -> Draw:
    """Draw `size` lines of a pasted list, or of as many numbers as were counted where nothing was pasted.

    A list of the same title or the same lines is drawn again only with a reason. Raises Refused by field
    (name_empty, name_long, list_missing, list_and_count, list_too_long, line_too_long, count_malformed,
    size_malformed, size_beyond, drawn_already, text_too_long), DomainError (assignment_closed, drawn_meanwhile).
    """
    hold(session, assignment)
    errors: dict[str, DomainError] = {}
    name = _title(title, errors)
    listed = _lines(lines, count, errors)
    wanted = _number(size, "size", MOST_DRAWN, errors)
    if listed and wanted > len(listed):
        errors["size"] = DomainError("size_beyond", field="size", count=len(listed))
    said = plain_text(reason).strip()
    check_length("reason", said, errors)
    digest = list_digest(listed)
    if not errors and not said and _was_drawn(session, assignment, name, digest):
        errors["reason"] = DomainError("drawn_already", field="reason")
    if errors:
        raise Refused(errors)
    seed = secrets.token_hex(32)
    made = Draw(
        assignment_id=assignment.id,
        number=_next_number(session, assignment),
        title=name,
        population=len(listed),
        size=wanted,
        seed=seed,
        list_digest=digest,
        drawn=[[number, listed[number - 1]] for number in draw(seed, len(listed), wanted)],
        reason=said,
        drawn_by=actor.user_id,
        drawn_at=now,
    )
    add_once(session, made, DomainError("drawn_meanwhile"))
    after = {"title": name, "population": made.population, "size": wanted, "seed": seed, "list": digest}
    positions = [number for number, _ in made.drawn]
    trail(
        session,
        actor,
        now,
        Action.SAMPLE_DRAWN,
        assignment,
        after=after | {"drawn": positions, "reason": said},
    )
    return made


def _title(typed: str, errors: dict[str, DomainError]) -> str:
    try:
        return clean_name(typed, field="title")
    except DomainError as error:
        errors["title"] = error
        return ""


def _lines(typed: str, count: str, errors: dict[str, DomainError]) -> tuple[str, ...]:
    """The list, without its empty lines; a counted one is its numbers."""
    pasted = tuple(line for each in plain_text(typed).splitlines() if (line := " ".join(each.split())))
    if pasted and count.strip():
        errors["count"] = DomainError("list_and_count", field="count")
    elif len(pasted) > MOST_LINES:
        errors["lines"] = DomainError("list_too_long", field="lines", most=MOST_LINES)
    elif any(len(line) > LONGEST_LINE for line in pasted):
        errors["lines"] = DomainError("line_too_long", field="lines", longest=LONGEST_LINE)
    elif not pasted and not count.strip():
        errors["lines"] = DomainError("list_missing", field="lines")
    elif not pasted:
        return counted(_number(count, "count", MOST_LINES, errors))
    return pasted


def _number(typed: str, field: str, most: int, errors: dict[str, DomainError]) -> int:
    """A whole number from 1 to `most`; 0 with its refusal in `errors`."""
    text = typed.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= most):
        errors[field] = DomainError(f"{field}_malformed", field=field, most=most)
        return 0
    return int(text)


def _was_drawn(session: Session, assignment: Assignment, title: str, digest: str) -> bool:
    same = select(Draw.id).where(
        Draw.assignment_id == assignment.id, or_(Draw.title == title, Draw.list_digest == digest)
    )
    return session.scalar(same.limit(1)) is not None


def _next_number(session: Session, assignment: Assignment) -> int:
    last = session.scalar(select(func.max(Draw.number)).where(Draw.assignment_id == assignment.id))
    return (last or 0) + 1
