"""A letter to whoever asked for an errand, once it is over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio import letters
from portfolio.db import writing
from portfolio.mail import Letter, Mailer, MailFailed
from portfolio.models import Errand, ErrandState, User
from portfolio.services.addresses import address_of

PAGE = "/errands"
log = logging.getLogger(__name__)


def tell(
    settings: Settings, sessions: sessionmaker[Session], errand_id: int, *, clock: Callable[[], datetime]
) -> None:
    """Write to the person, once, unless they have seen it or want no mail; why it didn't go stands in the log."""
    now = clock()
    with writing(sessions) as session:
        row = session.execute(
            select(Errand, User)
            .join(User, User.id == Errand.asked_by)
            .where(Errand.id == errand_id, User.disabled_at.is_(None))
        ).one_or_none()
        address = None if row is None else address_of(row.User)
        if row is None or address is None or not _claimed(session, errand_id, now):
            return
        subject, text = letters.errand_over(
            locale=row.User.locale or letters.DEFAULT_LOCALE,
            name=row.User.name,
            file=row.Errand.filename or "",
            done=row.Errand.state is ErrandState.DONE,
            address=settings.public_url.rstrip("/") + PAGE,
        )
    try:
        with Mailer(settings) as mailer:
            mailer.send(Letter(to=address, subject=subject, text=text, at=now))
    except MailFailed as failure:
        log.warning("a letter about an errand was not sent (%s)", failure)


def _claimed(session: Session, errand_id: int, now: datetime) -> bool:
    """Whether the letter is this one's to write: it is written down before it goes, so that none goes twice."""
    mine = (
        update(Errand)
        .where(
            Errand.id == errand_id,
            Errand.state.in_([ErrandState.DONE, ErrandState.FAILED]),
            Errand.seen_at.is_(None),
            Errand.told_at.is_(None),
        )
        .values(told_at=now)
        .returning(Errand.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(mine) is not None
