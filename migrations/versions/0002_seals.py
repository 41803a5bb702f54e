"""seals: packages, the audit trail and what they rest on can't be changed by any statement.

A package's parts are written before its own row; once that row stands, nothing may be added either.
SQLite's INSERT OR REPLACE deletes without firing delete triggers, hence the insert triggers on whole rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTS = ("package_elements", "package_files", "package_citations", "package_waivers")


class Seal(NamedTuple):
    """A refusal: on this table, when this statement comes (and, if named, under this condition)."""

    table: str
    on: str  # INSERT, UPDATE [OF columns], DELETE
    words: str
    when: str = ""

    @property
    def name(self) -> str:
        """seal_<table>_<statement>."""
        return f"seal_{self.table}_{self.on.split()[0].lower()}"


SEALS: tuple[Seal, ...] = (
    *(
        Seal(
            part, "INSERT", "a package is sealed", "EXISTS (SELECT 1 FROM packages WHERE id = NEW.package_id)"
        )
        for part in PARTS
    ),
    *(Seal(table, "UPDATE", "a package never changes") for table in ("packages", *PARTS)),
    *(Seal(table, "DELETE", "a package is never deleted") for table in ("packages", *PARTS)),
    Seal(
        "packages",
        "INSERT",
        "a package is never replaced",
        "EXISTS (SELECT 1 FROM packages WHERE id = NEW.id"
        " OR (dossier_id = NEW.dossier_id AND number = NEW.number))",
    ),
    Seal("audit_events", "UPDATE", "the audit trail is append-only"),
    Seal("audit_events", "DELETE", "the audit trail is append-only"),
    Seal(
        "audit_events",
        "INSERT",
        "the audit trail is append-only",
        "EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)",
    ),
    Seal("evidence_versions", "UPDATE", "a file version never changes"),
    Seal(
        "evidence_versions",
        "INSERT",
        "a file version is never replaced",
        "EXISTS (SELECT 1 FROM evidence_versions WHERE id = NEW.id"
        " OR (evidence_id = NEW.evidence_id AND number = NEW.number))",
    ),
    Seal("blobs", "UPDATE OF school_id, sha256, size, media_type", "stored bytes never change"),
    # The same bytes may come again, and are told apart from others by their size.
    Seal(
        "blobs",
        "INSERT",
        "stored bytes are never replaced",
        "EXISTS (SELECT 1 FROM blobs WHERE school_id = NEW.school_id AND sha256 = NEW.sha256 AND size <> NEW.size)",
    ),
    Seal("rubric_editions", "UPDATE", "a rubric edition never changes"),
    Seal(
        "rubric_editions",
        "INSERT",
        "a rubric edition is never replaced",
        "EXISTS (SELECT 1 FROM rubric_editions WHERE digest = NEW.digest)",
    ),
    Seal("rubric_editions", "DELETE", "a rubric edition is never deleted"),
)

# PostgreSQL only: SQLite has no TRUNCATE
NEVER_TRUNCATED = ("packages", *PARTS, "audit_events", "rubric_editions", "evidence_versions", "blobs")


def _sqlite() -> Iterator[str]:
    for seal in SEALS:
        when = f"WHEN {seal.when} " if seal.when else ""
        yield (
            f"CREATE TRIGGER {seal.name} BEFORE {seal.on} ON {seal.table} {when}"
            f"BEGIN SELECT RAISE(ABORT, '{seal.words}'); END"
        )


def _postgresql() -> Iterator[str]:
    for seal in SEALS:
        returned = "OLD" if seal.on == "DELETE" else "NEW"
        refuse = f"RAISE EXCEPTION '{seal.words}' USING ERRCODE = 'integrity_constraint_violation';"
        body = f"IF {seal.when} THEN {refuse} END IF;" if seal.when else refuse
        yield (
            f"CREATE FUNCTION {seal.name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body} RETURN {returned}; END $$"
        )
        yield (
            f"CREATE TRIGGER {seal.name} BEFORE {seal.on} ON {seal.table} "
            f"FOR EACH ROW EXECUTE FUNCTION {seal.name}()"
        )
    yield (
        "CREATE FUNCTION seal_truncate() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'what is sealed is never emptied' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in NEVER_TRUNCATED:
        yield (
            f"CREATE TRIGGER seal_{table}_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION seal_truncate()"
        )


def upgrade() -> None:
    """Forward."""
    statements = _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "sqlite":
        for seal in SEALS:
            op.execute(f"DROP TRIGGER {seal.name}")
        return
    for table in NEVER_TRUNCATED:
        op.execute(f"DROP TRIGGER seal_{table}_truncate ON {table}")
    op.execute("DROP FUNCTION seal_truncate()")
    for seal in SEALS:
        op.execute(f"DROP TRIGGER {seal.name} ON {seal.table}")
        op.execute(f"DROP FUNCTION {seal.name}()")
