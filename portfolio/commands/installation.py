"""An installation as its settings describe it: opened, or a sentence why it can't be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from config import Settings, read_settings
from portfolio.db import lacks, make_engine, make_sessions, writing
from portfolio.editions import GAP_WEIGHTS
from portfolio.migrate import is_current, migrate
from portfolio.storage import Storage
from portfolio.storage.factory import from_url


class CannotRun(Exception):
    """The command can't do its work here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings and the database they name, which answers."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]

    def storage(self) -> Storage:
        """The storage, which answers too. Raises StorageMisconfigured, StorageUnavailable."""
        found = from_url(self.settings.storage_url, self.settings.data_folder)
        found.healthy()
        return found

    def migrate(self) -> None:
        """Bring the schema up to date. Raises CannotRun if another version has been here."""
        from alembic.util import CommandError  # brings Alembic, which only migrating needs

        try:
            migrate(self.engine)
        except CommandError as error:
            raise CannotRun(
                f"the database {self.database} was migrated by another version: {error}"
            ) from error

    def require_schema(self) -> None:
        """Raise CannotRun unless the schema is the one this version works with."""
        if not is_current(self.engine):
            raise CannotRun(
                f"the database {self.database} doesn't have the schema this version needs; run: portfolio migrate"
            )

    @property
    def database(self) -> str:
        """The database's address, fit to be shown."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for queries."""
        with self.sessions() as session:
            yield session

    def writing(self) -> AbstractContextManager[Session]:
        """A session whose changes are kept when the block ends well."""
        return writing(self.sessions)


@contextmanager
def opened() -> Iterator[Installation]:
    """The installation the environment describes.

    Raises SettingsInvalid, DatabaseMisconfigured, CannotRun if the database doesn't answer.
    """
    settings = read_settings()
    engine = make_engine(settings.database_url)
    place = Installation(settings, engine, make_sessions(engine, info={GAP_WEIGHTS: settings.read_weights()}))
    try:
        if (reason := lacks(engine)) is not None:
            raise CannotRun(f"DATABASE_URL: {place.database} can't be used: {reason}")
        yield place
    finally:
        engine.dispose()
