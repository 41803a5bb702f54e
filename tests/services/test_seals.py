"""What is sealed can't be changed by any statement, on either engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portfolio.db import Base, new_id
from portfolio.models import Blob, Evidence, EvidenceVersion, Package, RubricEdition
from portfolio.storage import Storage
from tests.factories import make_evidence
from tests.filled_store import FilledStore, fill

PARTS = ("package_elements", "package_files", "package_citations", "package_waivers")
NEVER_CHANGED = ("packages", *PARTS, "audit_events", "evidence_versions", "rubric_editions")
NEVER_DELETED = ("packages", *PARTS, "audit_events", "rubric_editions")
NEVER_EMPTIED = (*NEVER_CHANGED, "blobs")
REFUSED = "never|sealed|append-only"

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def filled(session: Session, storage: Storage, tmp_path: Path) -> FilledStore:
    """Rows in every table, among them a package."""
    made = fill(session, storage, tmp_path)
    session.commit()
    return made


def table_of(name: str) -> Table:
    return Base.metadata.tables[name]


def one_row(session: Session, table: Table) -> dict[str, Any]:
    return dict(session.execute(select(table).limit(1)).mappings().one())


def replace(session: Session, table: Table, values: dict[str, Any]) -> None:
    """Put a row in the place of another: each engine's own way of doing it in one statement."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sqlite.insert(table).prefix_with("OR REPLACE").values(values))
        return
    key = [column.name for column in table.primary_key]
    changed = {name: value for name, value in values.items() if name not in key} or values
    session.execute(
        postgresql.insert(table).values(values).on_conflict_do_update(index_elements=key, set_=changed)
    )


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", NEVER_CHANGED)
def test_no_column_can_be_updated(session: Session, name: str) -> None:
    table = table_of(name)
    for column in table.columns:
        with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
            session.execute(update(table).values({column.name: column}))


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", NEVER_DELETED)
def test_no_row_can_be_deleted(session: Session, name: str) -> None:
    before = session.scalar(select(func.count()).select_from(table_of(name)))
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        session.execute(delete(table_of(name)))
    assert session.scalar(select(func.count()).select_from(table_of(name))) == before


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", NEVER_CHANGED)
def test_no_row_can_be_replaced(session: Session, name: str) -> None:
    table = table_of(name)
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        replace(session, table, one_row(session, table))


def test_a_package_can_not_be_replaced_under_another_id(session: Session, filled: FilledStore) -> None:
    values = one_row(session, table_of("packages")) | {"id": new_id()}
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        replace(session, table_of("packages"), values)
    assert session.scalars(select(Package.id)).all() == [filled.package.id]


def test_a_file_version_can_not_be_replaced_under_another_id(session: Session, filled: FilledStore) -> None:
    values = one_row(session, table_of("evidence_versions")) | {"id": new_id(), "filename": "另一个.pdf"}
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        replace(session, table_of("evidence_versions"), values)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", PARTS)
def test_nothing_can_join_a_sealed_package(session: Session, name: str) -> None:
    new = {"element": "C999", "gap": "new", "evidence_version_id": new_id()}
    table = table_of(name)
    values = one_row(session, table)
    values |= {column: value for column, value in new.items() if column in table.primary_key.columns}
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        session.execute(insert(table).values(values))


@on_postgresql
@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", NEVER_EMPTIED)
def test_no_table_can_be_emptied(session: Session, name: str) -> None:
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        session.execute(text(f"TRUNCATE {name} CASCADE"))


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("column", ["school_id", "sha256", "size", "media_type"])
def test_what_stored_bytes_are_can_not_be_updated(session: Session, column: str) -> None:
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        session.execute(update(Blob).values({column: getattr(Blob, column)}))


@pytest.mark.usefixtures("filled")
def test_stored_bytes_can_not_be_replaced_by_others(session: Session) -> None:
    values = one_row(session, table_of("blobs"))
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        replace(session, table_of("blobs"), values | {"size": values["size"] + 1})


@pytest.mark.usefixtures("filled")
def test_where_bytes_are_kept_may_change(session: Session) -> None:
    session.execute(update(Blob).values(storage="s3"))
    session.commit()
    assert set(session.scalars(select(Blob.storage))) == {"s3"}


def test_a_file_version_in_a_package_can_not_be_deleted(session: Session, filled: FilledStore) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(delete(EvidenceVersion).where(EvidenceVersion.evidence_id == filled.evidence.id))


def test_evidence_in_no_package_can_be_deleted(
    session: Session, filled: FilledStore, storage: Storage, tmp_path: Path
) -> None:
    loose = make_evidence(session, filled.school, storage, tmp_path).id
    session.expire_all()
    session.execute(delete(EvidenceVersion).where(EvidenceVersion.evidence_id == loose))
    session.execute(delete(Evidence).where(Evidence.id == loose))
    session.commit()
    assert session.get(Evidence, loose) is None


def test_a_rubric_edition_can_not_be_replaced_by_another_text(session: Session, filled: FilledStore) -> None:
    values = one_row(session, table_of("rubric_editions")) | {"body": "{}"}
    with pytest.raises(IntegrityError, match=REFUSED), session.begin_nested():
        replace(session, table_of("rubric_editions"), values)
    assert session.scalars(select(RubricEdition.body)).one() != "{}"
