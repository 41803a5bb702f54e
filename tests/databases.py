"""PostgreSQL databases for tests: migrated once, emptied and lent again; one whose schema a test changed isn't."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from portfolio.db import make_engine
from portfolio.migrate import migrate

_TEMPLATE = "template_portfolio"
# All that a test may have changed in the schema: tables, columns, indexes, constraints, triggers, functions.
_SCHEMA = text(
    """
    SELECT md5(string_agg(part, '|' ORDER BY part)) FROM (
        SELECT concat(c.relkind, c.relname) AS part FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat(attrelid::regclass, '.', attname, ' ', atttypid, attnotnull) FROM pg_attribute
        JOIN pg_class c ON c.oid = attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT concat(conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat(tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT concat(proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat('revision', version_num) FROM alembic_version
    ) AS parts
    """
)


class Databases:
    """Lends migrated, empty databases of one server."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._run(f"CREATE DATABASE {_TEMPLATE}")
        engine = make_engine(self._url(_TEMPLATE))
        migrate(engine)
        with engine.connect() as connection:
            self._tables = sorted(set(_tables(connection)) - {"alembic_version"})
            self._schema = connection.scalar(_SCHEMA)
        engine.dispose()
        self._at_rest: list[str] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """The address of a database that nobody else has."""
        name = self._at_rest.pop() if self._at_rest else self._make()
        yield self._url(name)
        if self._emptied(name):
            self._at_rest.append(name)

    def _make(self) -> str:
        name = "test_" + os.urandom(6).hex()
        self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return name

    def _emptied(self, name: str) -> bool:
        """Whether it is again as it was made; what still holds a connection to it loses that."""
        self._run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        engine = make_engine(self._url(name))
        try:
            with engine.begin() as connection:
                if connection.scalar(_SCHEMA) != self._schema:
                    return False
                self._empty(connection)
                return True
        finally:
            engine.dispose()

    def _empty(self, connection: Connection) -> None:
        used = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in self._tables
        )
        if tables := connection.scalars(text(used)).all():
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # past the seals
            connection.execute(text(f"TRUNCATE {', '.join(tables)} CASCADE"))

    def _url(self, name: str) -> str:
        return re.sub(r"/[^/]*$", f"/{name}", self._server_url)

    def _run(self, statement: str) -> None:
        engine: Engine = make_engine(self._server_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def _tables(connection: Connection) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return list(connection.scalars(text(query)))
