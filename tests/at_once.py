"""Two writers at the same moment: the second begins while the first has not committed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions
from portfolio.errors import DomainError

PATIENCE = 20  # seconds


def second_of_two(
    engine: Engine,
    session: Session,
    work: Callable[[Session], object],
    *,
    then: Callable[[Session], object] | None = None,
) -> str:
    """Both do the work, or the second something else `then`, in a session of its own before the first commits.

    What became of the second: "done", a refusal's code, or the name of an error that nobody expects.
    """
    outcomes: list[str] = []

    def come_second() -> None:
        with make_sessions(engine)() as own:
            begin_write(own)
            try:
                (then or work)(own)
                own.commit()
                outcomes.append("done")
            except DomainError as error:
                outcomes.append(error.code)
            except Exception as error:
                outcomes.append(type(error).__name__)

    session.commit()  # what stands before is there for both
    begin_write(session)
    work(session)
    second = threading.Thread(target=come_second)
    second.start()
    second.join(0.3)
    session.commit()
    second.join(PATIENCE)
    return outcomes[0] if outcomes else "never ended"
