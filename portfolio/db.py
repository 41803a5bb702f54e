"""Engine, session and column types. Knows nothing of the web or of the domain."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Engine, Integer, MetaData, String, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
HUNDREDTHS = Decimal(100)
# Set on a connection before its transaction begins: the transaction will write (SQLite only, see _begin).
WRITES = {"portfolio_writes": True}


class DatabaseMisconfigured(ValueError):
    """DATABASE_URL can't be used; the message says why and shows right ones."""


class Base(DeclarativeBase):
    """All tables, under one naming convention."""

    metadata = MetaData(naming_convention=NAMING)


def new_id() -> int:
    """A random id below 2**53 (exact in JSON): ids of one school tell nothing of how much others have."""
    return secrets.randbelow(2**53 - 1) + 1


Id = BigInteger().with_variant(Integer, "sqlite")


class Keyed:
    """A row with an id of its own."""

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False, default=new_id)


class Score(TypeDecorator[Decimal]):
    """Points, exactly: Decimal in Python, integer hundredths in the database."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Points → hundredths. Raises ValueError for a score finer than a hundredth."""
        if value is None:
            return None
        hundredths = value * HUNDREDTHS
        if hundredths != hundredths.to_integral_value():
            raise ValueError(f"{value} is finer than a hundredth of a point")
        return int(hundredths)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Hundredths → points, without trailing zeros beyond the first decimal."""
        return None if value is None else points_of(value)


class Exact(TypeDecorator[Decimal]):
    """Any decimal, exactly: Decimal in Python, its plain digits in the database, which never reckons with it."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Digits without an exponent: 1E+3 → 1000."""
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """The same decimal again."""
        return None if value is None else Decimal(value)


def points_of(hundredths: int) -> Decimal:
    """Points from hundredths: 180 → 1.8, 200 → 2.0, 125 → 1.25."""
    tenths, rest = divmod(hundredths, 10)
    return Decimal(hundredths).scaleb(-2) if rest else Decimal(tenths).scaleb(-1)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, naive UTC in the database, the same on every engine."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware → naive UTC. Raises ValueError for a naive moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Naive UTC → aware."""
        return None if value is None else value.replace(tzinfo=UTC)


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for SQLite or PostgreSQL. Raises DatabaseMisconfigured."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
        return engine
    return create_engine(parsed, pool_pre_ping=True, pool_size=16, **options)


def make_sessions(engine: Engine, *, info: Mapping[str, Any] | None = None) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after the commit; each carries `info`."""
    return sessionmaker(engine, expire_on_commit=False, autoflush=True, info=dict(info or {}))


def begin_write(session: Session) -> None:
    """Begin the session's transaction as a writer, so that two writers queue instead of failing."""
    session.connection(execution_options=WRITES)


def begin_snapshot(session: Session) -> None:
    """Begin the session's transaction as a reader that sees one moment throughout, whatever others commit."""
    if session.get_bind().dialect.name == "postgresql":  # in SQLite every transaction does
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def insert_into(session: Session, row: type[DeclarativeBase]) -> Any:
    """The engine's own INSERT, which knows of conflicts."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(row)


@contextmanager
def writing(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session that writes, whose changes are kept when the block ends well."""
    with sessions() as session:
        begin_write(session)
        yield session
        session.commit()


def lacks(engine: Engine) -> str | None:
    """Why the database can't be reached, or None."""
    try:
        with engine.connect():
            return None
    except Exception as error:  # any driver's own error class
        return str(error.__cause__ or error).strip().splitlines()[0]


def _parse(url: str) -> URL:
    advice = "use sqlite:////folder/portfolio.sqlite3 or postgresql://user:password@host:5432/name"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseMisconfigured(f"DATABASE_URL is not an address of a database: {advice}") from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database in (None, "", ":memory:"):
            raise DatabaseMisconfigured(
                f"DATABASE_URL names no file: every worker must see the same one; {advice}"
            )
        case "sqlite":
            return parsed
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise DatabaseMisconfigured(f"DATABASE_URL: {other} is not supported; {advice}")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: _begin does, once, and as what they are.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "busy_timeout=15000", "foreign_keys=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A reader that turns writer midway can't wait for the lock in SQLite; a writer says so at the start.
    writes = connection.get_execution_options().get("portfolio_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
