"""summaries: readiness in figures, kept in step with the dossiers by triggers; what was recorded, and seen.

Each change of a score or a citation adds its difference to the sums, in the statement that makes it, so that no
path of change can pass them by. On PostgreSQL a change first takes the dossier's row of sums in all: of two at
once, the second sees what the first did. There its triggers run before each row, when the rows of the same
statement that come later are not to be seen yet; SQLite's run row by row in any case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUMS = ("points", "claimed", "supported", "scored", "unscored", "unscored_points")
TABLES = (
    "visits",
    "benchmarks",
    "readiness_records",
    "recorded_days",
    "element_tallies",
    "package_summaries",
    "dossier_summaries",
    "rubric_elements",
)


class Keeper(NamedTuple):
    """Statements that keep the sums in step with a row of this table; `row` is NEW or OLD."""

    table: str
    on: str  # INSERT, UPDATE OF column, DELETE
    row: str
    when: str
    statements: tuple[str, ...]
    # takes the dossier's sums first, before the row is written (PostgreSQL)
    locks: bool = True

    @property
    def name(self) -> str:
        """keep_<table>_<statement>."""
        return f"keep_{self.table}_{self.on.split()[0].lower()}"


def _of_element(row: str, column: str) -> str:
    """What the rubric says of the row's element."""
    return (
        f"(SELECT e.{column} FROM dossiers d JOIN cycles c ON c.id = d.cycle_id"
        " JOIN rubric_elements e ON e.rubric_digest = c.rubric_digest"
        f" WHERE d.id = {row}.dossier_id AND e.element = {row}.element)"
    )


def _scored(row: str, before: str | None, after: str | None) -> tuple[str, ...]:
    """A score that was `before` is now `after`; None where there is no such row."""
    points = f"({_or_nothing(after)} - {_or_nothing(before)})"
    count = f"({_counted(after)} - {_counted(before)})"
    cited = (
        f"CASE WHEN EXISTS (SELECT 1 FROM citations o WHERE o.dossier_id = {row}.dossier_id"
        f" AND o.element = {row}.element) THEN {points} ELSE 0 END"
    )
    return (
        f"UPDATE dossier_summaries SET claimed = claimed + {points}, supported = supported + {cited},"
        f" scored = scored + {count}, unscored = unscored - {count},"
        f" unscored_points = unscored_points - {count} * {_of_element(row, 'points')}"
        f" WHERE dossier_id = {row}.dossier_id AND indicator IN ('all', {_of_element(row, 'indicator')})",
        "INSERT INTO element_tallies (cycle_id, element, claimed, supported, scored)"
        f" SELECT d.cycle_id, {row}.element, {points}, {cited}, {count}"
        f" FROM dossiers d WHERE d.id = {row}.dossier_id",
    )


def _or_nothing(score: str | None) -> str:
    return f"coalesce({score}, 0)" if score else "0"


def _counted(score: str | None) -> str:
    return f"CASE WHEN {score} IS NULL THEN 0 ELSE 1 END" if score else "0"


def _cited(row: str, sign: str) -> tuple[str, ...]:
    """The element's only citation comes (+) or goes (-)."""
    here = f"dossier_id = {row}.dossier_id AND {{}}element = {row}.element"
    only = f"NOT EXISTS (SELECT 1 FROM citations o WHERE o.{here.format('o.')} AND o.id <> {row}.id)"
    score = f"(SELECT a.score FROM self_assessments a WHERE a.{here.format('a.')})"
    return (
        f"UPDATE dossier_summaries SET supported = supported {sign} coalesce({score}, 0)"
        f" WHERE dossier_id = {row}.dossier_id AND indicator IN ('all', {_of_element(row, 'indicator')})"
        f" AND {only}",
        "INSERT INTO element_tallies (cycle_id, element, claimed, supported, scored)"
        f" SELECT d.cycle_id, a.element, 0, {sign}a.score, 0 FROM self_assessments a"
        f" JOIN dossiers d ON d.id = a.dossier_id WHERE a.{here.format('a.')} AND a.score > 0 AND {only}",
    )


def _in_all(table: str, key: str, where: str) -> str:
    """The sums in all, from those of the A-indicators."""
    sums = ", ".join(f"sum({column})" for column in SUMS)
    return (
        f"INSERT INTO {table} ({key}, indicator, {', '.join(SUMS)})"
        f" SELECT {key}, 'all', {sums} FROM {table} WHERE {where} GROUP BY {key}"
    )


_COLUMNS = ", ".join(SUMS)
_OPENED = (
    f"INSERT INTO dossier_summaries (dossier_id, indicator, {_COLUMNS})"
    " SELECT NEW.id, e.indicator, sum(e.points), 0, 0, 0, count(*), sum(e.points)"
    " FROM cycles c JOIN rubric_elements e ON e.rubric_digest = c.rubric_digest"
    " WHERE c.id = NEW.cycle_id GROUP BY e.indicator",
    _in_all("dossier_summaries", "dossier_id", "dossier_id = NEW.id"),
)


def _packaged(where: str) -> str:
    """The sums of packages, from their parts."""
    cited = "EXISTS (SELECT 1 FROM package_citations o WHERE o.package_id = p.package_id AND o.element = p.element)"
    return (
        f"INSERT INTO package_summaries (package_id, indicator, {_COLUMNS})"
        " SELECT p.package_id, e.indicator, sum(p.points), sum(coalesce(p.score, 0)),"
        f" sum(CASE WHEN {cited} THEN coalesce(p.score, 0) ELSE 0 END), count(p.score),"
        " count(*) - count(p.score), sum(CASE WHEN p.score IS NULL THEN p.points ELSE 0 END)"
        " FROM packages s JOIN package_elements p ON p.package_id = s.id"
        " JOIN rubric_elements e ON e.rubric_digest = s.rubric_digest AND e.element = p.element"
        f" WHERE {where} GROUP BY p.package_id, e.indicator"
    )


KEEPERS = (
    Keeper("dossiers", "INSERT", "NEW", "", _OPENED, locks=False),
    Keeper(
        "packages",
        "INSERT",
        "NEW",
        "",
        (_packaged("s.id = NEW.id"), _in_all("package_summaries", "package_id", "package_id = NEW.id")),
        locks=False,
    ),
    Keeper("self_assessments", "INSERT", "NEW", "NEW.score IS NOT NULL", _scored("NEW", None, "NEW.score")),
    Keeper(
        "self_assessments",
        "UPDATE OF score",
        "NEW",
        "coalesce(NEW.score, -1) <> coalesce(OLD.score, -1)",
        _scored("NEW", "OLD.score", "NEW.score"),
    ),
    Keeper("self_assessments", "DELETE", "OLD", "OLD.score IS NOT NULL", _scored("OLD", "OLD.score", None)),
    Keeper("citations", "INSERT", "NEW", "", _cited("NEW", "+")),
    Keeper("citations", "DELETE", "OLD", "", _cited("OLD", "-")),
)


def _sqlite() -> Iterator[str]:
    for keeper in KEEPERS:
        when = f" WHEN {keeper.when}" if keeper.when else ""
        body = " ".join(f"{statement};" for statement in keeper.statements)
        yield (
            f"CREATE TRIGGER {keeper.name} AFTER {keeper.on} ON {keeper.table} FOR EACH ROW{when}"
            f" BEGIN {body} END"
        )


def _postgresql() -> Iterator[str]:
    for keeper in KEEPERS:
        body = " ".join(f"{statement};" for statement in keeper.statements)
        if keeper.locks:
            body = (
                f"PERFORM 1 FROM dossier_summaries WHERE dossier_id = {keeper.row}.dossier_id"
                f" AND indicator = 'all' FOR UPDATE; {body}"
            )
        moment = "BEFORE" if keeper.locks else "AFTER"
        when = f" WHEN ({keeper.when})" if keeper.when else ""
        yield (
            f"CREATE FUNCTION {keeper.name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body} RETURN {keeper.row}; END $$"
        )
        yield (
            f"CREATE TRIGGER {keeper.name} {moment} {keeper.on} ON {keeper.table} "
            f"FOR EACH ROW{when} EXECUTE FUNCTION {keeper.name}()"
        )


# what stands before this revision
_STANDING = (
    f"INSERT INTO dossier_summaries (dossier_id, indicator, {_COLUMNS})"
    " SELECT d.id, e.indicator, sum(e.points), sum(coalesce(a.score, 0)),"
    " sum(CASE WHEN EXISTS (SELECT 1 FROM citations o WHERE o.dossier_id = d.id AND o.element = e.element)"
    " THEN coalesce(a.score, 0) ELSE 0 END), count(a.score), count(*) - count(a.score),"
    " sum(CASE WHEN a.score IS NULL THEN e.points ELSE 0 END)"
    " FROM dossiers d JOIN cycles c ON c.id = d.cycle_id"
    " JOIN rubric_elements e ON e.rubric_digest = c.rubric_digest"
    " LEFT JOIN self_assessments a ON a.dossier_id = d.id AND a.element = e.element"
    " GROUP BY d.id, e.indicator",
    _in_all("dossier_summaries", "dossier_id", "true"),
    _packaged("true"),
    _in_all("package_summaries", "package_id", "true"),
    "INSERT INTO element_tallies (cycle_id, element, claimed, supported, scored)"
    " SELECT d.cycle_id, a.element, sum(a.score),"
    " sum(CASE WHEN EXISTS (SELECT 1 FROM citations o WHERE o.dossier_id = a.dossier_id AND o.element = a.element)"
    " THEN a.score ELSE 0 END), count(*)"
    " FROM self_assessments a JOIN dossiers d ON d.id = a.dossier_id WHERE a.score IS NOT NULL"
    " GROUP BY d.cycle_id, a.element",
)


def _fill() -> None:
    store = op.get_bind()
    elements = sa.table(
        "rubric_elements",
        *(sa.column(name) for name in ("rubric_digest", "element", "indicator", "points")),
    )
    for digest, body in store.execute(sa.text("SELECT digest, body FROM rubric_editions")).all():
        store.execute(sa.insert(elements), list(_elements(digest, json.loads(body))))
    for statement in _STANDING:
        op.execute(statement)


def _elements(digest: str, rubric: dict[str, list[dict[str, object]]]) -> Iterator[dict[str, object]]:
    for a in rubric["indicators"]:
        for b in a["children"]:  # type: ignore[attr-defined]
            for element in b["elements"]:
                points = int(Decimal(str(element["points"])) * 100)
                yield {
                    "rubric_digest": digest,
                    "element": element["code"],
                    "indicator": a["code"],
                    "points": points,
                }


def _create_sums(table: str, key: str, of: str) -> None:
    op.create_table(
        table,
        sa.Column(key, ID, nullable=False),
        sa.Column("indicator", sa.String(length=16), nullable=False),
        *(sa.Column(column, sa.Integer(), nullable=False) for column in SUMS),
        sa.ForeignKeyConstraint([key], [f"{of}.id"], name=op.f(f"fk_{table}_{key}")),
        sa.PrimaryKeyConstraint(key, "indicator", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "rubric_elements",
        sa.Column("rubric_digest", sa.String(length=64), nullable=False),
        sa.Column("element", sa.String(length=16), nullable=False),
        sa.Column("indicator", sa.String(length=16), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rubric_digest"], ["rubric_editions.digest"], name=op.f("fk_rubric_elements_rubric_digest")
        ),
        sa.PrimaryKeyConstraint("rubric_digest", "element", name=op.f("pk_rubric_elements")),
    )
    _create_sums("dossier_summaries", "dossier_id", "dossiers")
    _create_sums("package_summaries", "package_id", "packages")
    op.create_table(
        "element_tallies",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("cycle_id", ID, nullable=False),
        sa.Column("element", sa.String(length=16), nullable=False),
        sa.Column("claimed", sa.Integer(), nullable=False),
        sa.Column("supported", sa.Integer(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycles.id"], name=op.f("fk_element_tallies_cycle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_element_tallies")),
    )
    op.create_index("ix_element_tallies_cycle_id_element", "element_tallies", ["cycle_id", "element"])
    op.create_table(
        "recorded_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_recorded_days")),
    )
    op.create_table(
        "readiness_records",
        sa.Column("dossier_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("claimed", sa.Integer(), nullable=False),
        sa.Column("supported", sa.Integer(), nullable=False),
        sa.Column("unscored", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossiers.id"], name=op.f("fk_readiness_records_dossier_id")
        ),
        sa.ForeignKeyConstraint(["day"], ["recorded_days.day"], name=op.f("fk_readiness_records_day")),
        sa.PrimaryKeyConstraint("dossier_id", "day", name=op.f("pk_readiness_records")),
    )
    op.create_table(
        "benchmarks",
        sa.Column("cycle_id", ID, nullable=False),
        sa.Column("indicator", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("schools", sa.Integer(), nullable=False),
        sa.Column("lower", sa.Integer(), nullable=False),
        sa.Column("median", sa.Integer(), nullable=False),
        sa.Column("upper", sa.Integer(), nullable=False),
        sa.Column("basis", sa.JSON(), nullable=False),
        sa.CheckConstraint("schools >= 9", name=op.f("ck_benchmarks_eight_besides_the_reader")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycles.id"], name=op.f("fk_benchmarks_cycle_id")),
        sa.PrimaryKeyConstraint("cycle_id", "indicator", name=op.f("pk_benchmarks")),
    )
    op.create_table(
        "visits",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("school_id", ID, nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_visits_user_id")),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_visits_school_id")),
        sa.PrimaryKeyConstraint("user_id", "school_id", name=op.f("pk_visits")),
    )
    _fill()
    statements = _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    """Back."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for keeper in KEEPERS:
        op.execute(f"DROP TRIGGER {keeper.name}" + (f" ON {keeper.table}" if postgresql else ""))
        if postgresql:
            op.execute(f"DROP FUNCTION {keeper.name}()")
    op.drop_index("ix_element_tallies_cycle_id_element", "element_tallies")
    for table in TABLES:
        op.drop_table(table)
