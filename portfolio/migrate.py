"""Brings a database's schema to the newest migration.

Alembic is imported where it is at work: a server, which only asks whether the schema is current, doesn't carry it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text

from portfolio.db import WRITES, Base

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def migrate(engine: Engine, *, to: str = "head") -> None:
    """Upgrade to a revision (the newest by default), each migration whole or not at all."""
    from alembic import command

    _run(engine, command.upgrade, to)


def migrate_back(engine: Engine, *, to: str) -> None:
    """Downgrade to a revision ("base" for none)."""
    from alembic import command

    _run(engine, command.downgrade, to)


def is_current(engine: Engine) -> bool:
    """Whether the schema stands at the newest migration."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        standing = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    return standing == [newest()]


def newest() -> str:
    """The newest migration's revision: each begins its file's name, and they are numbered in their order."""
    files = (FOLDER / "versions").glob("[0-9]*_*.py")
    return max(file.name for file in files).partition("_")[0]


def differences(engine: Engine) -> list[object]:
    """What the migrated schema and the models disagree on; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    import portfolio.models  # noqa: F401  (fills Base.metadata)

    with engine.connect() as connection:
        opts = {"compare_type": False, "include_name": is_ours}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, Base.metadata))


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the models speak for it: not for the search index, which each engine has in its own way."""
    return kind not in ("table", "index") or name is None or not name.startswith("search_index")


def _run(engine: Engine, verb: Callable[[Config, str], None], to: str) -> None:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.connect().execution_options(**WRITES) as connection:
        config.attributes["connection"] = connection
        verb(config, to)
        connection.commit()
