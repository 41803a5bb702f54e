"""the result: the panel's report and rectification list, answers to factual errors, re-checks, how long titles stand.

The opinion that stood on an assignment becomes a part of its report, and the one a closing was proposed with a part
of the report that closing holds. Every table is altered in place.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "rectification_checks",
    "rectification_citations",
    "rectification_answers",
    "appeal_citations",
    "appeals",
    "rectification_items",
    "report_parts",
)


def _closed(row: str) -> str:
    """Whether the row's review is closed."""
    return (
        f"EXISTS (SELECT 1 FROM assignments a WHERE a.id = {row}.assignment_id AND a.closed_at IS NOT NULL)"
    )


# table, statement, condition, words
SEALS = (
    *(
        (table, on, _closed("OLD" if on == "DELETE" else "NEW"), "a closed report stays as it was signed")
        for table in ("report_parts", "rectification_items")
        for on in ("INSERT", "UPDATE", "DELETE")
    ),
    *(
        (table, on, "1 = 1", "what was reported and re-checked stays")
        for table in ("rectification_answers", "rectification_checks")
        for on in ("UPDATE", "DELETE")
    ),
    ("appeals", "UPDATE", "OLD.outcome IS NOT NULL", "a decision stays"),
    ("appeals", "DELETE", "OLD.sent_at IS NOT NULL", "what was sent stays"),
)


def upgrade() -> None:
    """Forward."""
    _report_parts()
    _items()
    _appeals()
    _citations("appeal_citations", "appeal_id", "appeals")
    _answers()
    _citations("rectification_citations", "answer_id", "rectification_answers")
    _checks()
    op.add_column("assignments", sa.Column("answers_until", sa.DateTime(), nullable=True))
    op.add_column("closings", sa.Column("report", sa.JSON(), server_default="{}", nullable=False))
    # written out: Alembic adds no column together with its check
    op.execute(
        "ALTER TABLE rounds ADD COLUMN answer_days INTEGER DEFAULT 7 NOT NULL"
        " CONSTRAINT ck_rounds_answer_days_not_negative CHECK (answer_days >= 0)"
    )
    op.execute(
        "ALTER TABLE cycles ADD COLUMN award_years INTEGER"
        " CONSTRAINT ck_cycles_award_for_years CHECK (award_years IS NULL OR award_years BETWEEN 1 AND 20)"
    )
    _fold_opinions()
    _seal()


def _key() -> sa.Column[int]:
    return sa.Column("id", ID, autoincrement=False, nullable=False)


def _to(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, ID, nullable=nullable)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _whole(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=default, nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(), nullable=nullable)


def _code(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=16), nullable=False)


def _refers(table: str, column: str, to: str, *, deferred: bool = False) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{to}.id"],
        name=op.f(f"fk_{table}_{column}"),
        deferrable=deferred or None,
        initially="DEFERRED" if deferred else None,
    )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _one_of(name: str, *values: str, nullable: bool) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)
    return sa.Column(name, kind, nullable=nullable)


def _rows(table: str, *parts: object, unique: tuple[str, ...]) -> None:
    op.create_table(
        table,
        *parts,  # type: ignore[arg-type]
        _key(),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(*unique, name=op.f(f"uq_{table}_{'_'.join(unique)}")),
    )


def _report_parts() -> None:
    _rows(
        "report_parts",
        _to("assignment_id"),
        _code("part"),
        _words("text"),
        _whole("version", default="1"),
        _at("saved_at"),
        _to("saved_by"),
        _refers("report_parts", "assignment_id", "assignments", deferred=True),
        _refers("report_parts", "saved_by", "users"),
        unique=("assignment_id", "part"),
    )


def _items() -> None:
    table = "rectification_items"
    _rows(
        table,
        _to("assignment_id"),
        _whole("number"),
        _code("element"),
        _words("problem"),
        _words("measure"),
        sa.Column("responsible", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        _whole("version", default="1"),
        _at("saved_at"),
        _to("saved_by"),
        _check(table, "number_from_one", "number >= 1"),
        _check(table, "complete", "problem <> '' AND measure <> '' AND responsible <> ''"),
        _refers(table, "assignment_id", "assignments", deferred=True),
        _refers(table, "saved_by", "users"),
        unique=("assignment_id", "number"),
    )


def _appeals() -> None:
    _rows(
        "appeals",
        _to("assignment_id"),
        _code("element"),
        _words("text"),
        _whole("version", default="1"),
        _to("drafted_by"),
        _at("drafted_at"),
        _to("sent_by", nullable=True),
        _at("sent_at", nullable=True),
        _one_of("outcome", "accepted", "declined", nullable=True),
        _words("reason"),
        _to("decided_by", nullable=True),
        _at("decided_at", nullable=True),
        _whole("ruling", nullable=True),
        _check("appeals", "says_something", "text <> ''"),
        _check("appeals", "sent_by_somebody", "(sent_at IS NULL) = (sent_by IS NULL)"),
        _check(
            "appeals",
            "decided_with_a_reason",
            "outcome IS NULL OR (sent_at IS NOT NULL AND decided_by IS NOT NULL AND decided_at IS NOT NULL"
            " AND reason <> '')",
        ),
        _check(
            "appeals",
            "accepted_by_a_ruling",
            "(outcome IS NOT NULL AND outcome = 'accepted') = (ruling IS NOT NULL)",
        ),
        _refers("appeals", "assignment_id", "assignments"),
        _refers("appeals", "drafted_by", "users"),
        _refers("appeals", "sent_by", "users"),
        _refers("appeals", "decided_by", "users"),
        unique=("assignment_id", "element"),
    )


def _answers() -> None:
    table = "rectification_answers"
    _rows(
        table,
        _to("item_id"),
        _whole("number"),
        _words("text"),
        _to("answered_by"),
        _at("answered_at"),
        _check(table, "number_from_one", "number >= 1"),
        _check(table, "says_something", "text <> ''"),
        _refers(table, "item_id", "rectification_items"),
        _refers(table, "answered_by", "users"),
        unique=("item_id", "number"),
    )


def _checks() -> None:
    table = "rectification_checks"
    _rows(
        table,
        _to("item_id"),
        _whole("number"),
        _to("answer_id", nullable=True),
        _one_of("outcome", "done", "partly", "not_done", nullable=False),
        _words("reason"),
        _to("checked_by"),
        _at("checked_at"),
        _check(table, "number_from_one", "number >= 1"),
        _check(table, "says_why", "reason <> ''"),
        _refers(table, "item_id", "rectification_items"),
        _refers(table, "answer_id", "rectification_answers"),
        _refers(table, "checked_by", "users"),
        unique=("item_id", "number"),
    )


def _citations(table: str, key: str, to: str) -> None:
    op.create_table(
        table,
        _to(key),
        _to("evidence_version_id"),
        _whole("position"),
        _whole("page_from", nullable=True),
        _whole("page_to", nullable=True),
        _refers(table, key, to),
        _refers(table, "evidence_version_id", "evidence_versions"),
        sa.PrimaryKeyConstraint(key, "evidence_version_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_evidence_version_id"), table, ["evidence_version_id"])


def _fold_opinions() -> None:
    op.execute(
        "INSERT INTO report_parts (id, assignment_id, part, text, version, saved_at, saved_by)"
        " SELECT id, id, 'opinion', opinion, 1, coalesce(closed_at, assigned_at), coalesce(closed_by, assigned_by)"
        " FROM assignments WHERE opinion <> ''"
    )
    store = op.get_bind()
    closings = sa.table("closings", sa.column("id"), sa.column("opinion"), sa.column("report", sa.JSON()))
    for row in store.execute(sa.select(closings.c.id, closings.c.opinion)).all():
        parts = {"opinion": row.opinion} if row.opinion else {}
        report = {"parts": parts, "items": []}
        store.execute(sa.update(closings).where(closings.c.id == row.id).values(report=report))
    op.drop_column("assignments", "opinion")
    op.drop_column("closings", "opinion")


def _seal() -> None:
    """What is closed, decided, reported or re-checked stays, by whatever path a change comes."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, on, when, words in SEALS:
        name, returned = f"seal_{table}_{on.lower()}", "OLD" if on == "DELETE" else "NEW"
        if on_sqlite:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {on} ON {table} WHEN {when}"
                f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN"
            f" RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            f" RETURN {returned}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {on} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _unseal() -> None:
    for table, on, _when, _words in SEALS:
        name = f"seal_{table}_{on.lower()}"
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")


def downgrade() -> None:
    """Back. Of a report only its opinion has a place in the older store."""
    _unseal()
    _unfold_opinions()
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("assignments", "answers_until")
    op.drop_column("closings", "report")
    for table, check, column in (
        ("rounds", "answer_days_not_negative", "answer_days"),
        ("cycles", "award_for_years", "award_years"),
    ):
        # SQLite drops a column's check with it, and no check by itself
        if op.get_bind().dialect.name != "sqlite":
            op.drop_constraint(op.f(f"ck_{table}_{check}"), table, type_="check")
        op.drop_column(table, column)


def _unfold_opinions() -> None:
    op.add_column("assignments", _words("opinion"))
    op.add_column("closings", _words("opinion"))
    op.execute(
        "UPDATE assignments SET opinion = coalesce((SELECT text FROM report_parts"
        " WHERE assignment_id = assignments.id AND part = 'opinion'), '')"
    )
    store = op.get_bind()
    closings = sa.table("closings", sa.column("id"), sa.column("opinion"), sa.column("report", sa.JSON()))
    for row in store.execute(sa.select(closings.c.id, closings.c.report)).all():
        report = json.loads(row.report) if isinstance(row.report, str) else row.report
        opinion = report.get("parts", {}).get("opinion", "")
        store.execute(sa.update(closings).where(closings.c.id == row.id).values(opinion=opinion))
