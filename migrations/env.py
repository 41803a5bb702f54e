"""Runs migrations on the engine that the `portfolio` command hands over, or on DATABASE_URL's."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.engine import Connection

import portfolio.models  # noqa: F401  (fills Base.metadata)
from config import read_settings
from portfolio.db import WRITES, Base, Exact, Moment, Score, make_engine
from portfolio.migrate import is_ours


def _render(_kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    # A migration must not change when the column types' code does: it holds plain types only.
    match item:
        case Score():
            return "sa.Integer()"
        case Exact():
            return "sa.String(length=40)"
        case Moment():
            return "sa.DateTime()"
        case _:
            return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=_render,
        compare_type=False,
        include_name=is_ours,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed: Connection | None = context.config.attributes.get("connection")
if handed is not None:
    _run(handed)
else:
    with make_engine(read_settings().database_url).connect().execution_options(**WRITES) as opened:
        _run(opened)
