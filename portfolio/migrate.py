"""Brings a database's schema to the newest migration."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from portfolio.db import WRITES, Base

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def migrate(engine: Engine, *, to: str = "head") -> None:
    """Upgrade to a revision (the newest by default), each migration whole or not at all."""
    _run(engine, command.upgrade, to)


def migrate_back(engine: Engine, *, to: str) -> None:
    """Downgrade to a revision ("base" for none)."""
    _run(engine, command.downgrade, to)


def is_current(engine: Engine) -> bool:
    """Whether the schema stands at the newest migration."""
    with engine.connect() as connection:
        standing = MigrationContext.configure(connection).get_current_revision()
    return standing == ScriptDirectory.from_config(_config()).get_current_head()


def differences(engine: Engine) -> list[object]:
    """What the migrated schema and the models disagree on; empty when they agree."""
    import portfolio.models  # noqa: F401  (fills Base.metadata)

    with engine.connect() as connection:
        opts = {"compare_type": False, "include_name": is_ours}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, Base.metadata))


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the models speak for it: not for the search index, which each engine has in its own way."""
    return kind not in ("table", "index") or name is None or not name.startswith("search_index")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def _run(engine: Engine, verb: object, to: str) -> None:
    config = _config()
    with engine.connect().execution_options(**WRITES) as connection:
        config.attributes["connection"] = connection
        verb(config, to)  # type: ignore[operator]
        connection.commit()
