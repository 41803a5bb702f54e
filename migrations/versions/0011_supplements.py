"""supplements: what a panel asks a school to add, and which package a score was made on.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STANDS = "answered_at IS NULL AND withdrawn_at IS NULL AND lapsed_at IS NULL"
ENDS = ("answered_at", "withdrawn_at", "lapsed_at")
SCORES = ("element_reviews", "corrections")


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def _question() -> sa.Column[str]:
    return sa.Column("question", sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    """Forward."""
    for table in SCORES:
        op.add_column(table, sa.Column("package_number", sa.Integer(), nullable=True))
    _pin()
    _requests()
    _elements()
    _proposals()


def _pin() -> None:
    """What was saved until now was saved on the package of its assignment."""
    number = "SELECT p.number FROM packages p JOIN assignments a ON a.package_id = p.id JOIN reviews r ON r.assignment_id = a.id"
    op.execute(
        f"UPDATE element_reviews SET package_number = ({number} WHERE r.id = element_reviews.review_id)"
        " WHERE saved_at IS NOT NULL"
    )
    op.execute(
        f"UPDATE corrections SET package_number = ({number} JOIN element_reviews e ON e.review_id = r.id"
        " WHERE e.id = corrections.element_review_id)"
    )


def _requests() -> None:
    table = "supplement_requests"
    ended = " + ".join(f"CASE WHEN {end} IS NULL THEN 0 ELSE 1 END" for end in ENDS)
    op.create_table(
        table,
        sa.Column("dossier_id", ID, nullable=False),
        sa.Column("assignment_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("package_id", ID, nullable=False),
        sa.Column("answer_id", ID, nullable=True),
        sa.Column("asked_by", ID, nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("lapsed_at", sa.DateTime(), nullable=True),
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f(f"ck_{table}_number_from_one")),
        sa.CheckConstraint("due_at > asked_at", name=op.f(f"ck_{table}_due_after_asking")),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answer_id IS NULL)", name=op.f(f"ck_{table}_answered_by_a_package")
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f(f"ck_{table}_withdrawn_by_somebody")
        ),
        sa.CheckConstraint(f"({ended}) <= 1", name=op.f(f"ck_{table}_ends_once")),
        _refers(table, "dossier_id", "dossiers"),
        _refers(table, "assignment_id", "assignments"),
        _refers(table, "package_id", "packages"),
        _refers(table, "answer_id", "packages"),
        _refers(table, "asked_by", "users"),
        _refers(table, "withdrawn_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("dossier_id", "number", name=op.f(f"uq_{table}_dossier_id_number")),
    )
    op.create_index(op.f(f"ix_{table}_assignment_id"), table, ["assignment_id"])
    stands = sa.text(STANDS)
    op.create_index(
        f"ix_{table}_standing",
        table,
        ["dossier_id"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )


def _elements() -> None:
    table = "supplement_elements"
    op.create_table(
        table,
        sa.Column("request_id", ID, nullable=False),
        sa.Column("element", sa.String(length=16), nullable=False),
        _question(),
        sa.Column("changed", sa.Boolean(), nullable=True),
        sa.CheckConstraint("question <> ''", name=op.f(f"ck_{table}_asks_something")),
        _refers(table, "request_id", "supplement_requests"),
        sa.PrimaryKeyConstraint("request_id", "element", name=op.f(f"pk_{table}")),
    )


def _proposals() -> None:
    table = "supplement_proposals"
    op.create_table(
        table,
        sa.Column("assignment_id", ID, nullable=False),
        sa.Column("element", sa.String(length=16), nullable=False),
        _question(),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("proposed_at", sa.DateTime(), nullable=False),
        sa.Column("request_id", ID, nullable=True),
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.CheckConstraint("question <> ''", name=op.f(f"ck_{table}_asks_something")),
        _refers(table, "assignment_id", "assignments"),
        _refers(table, "proposed_by", "users"),
        _refers(table, "request_id", "supplement_requests"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    waiting = sa.text("request_id IS NULL")
    op.create_index(
        f"ix_{table}_standing",
        table,
        ["assignment_id", "element", "proposed_by"],
        unique=True,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    """Back."""
    for table in ("supplement_proposals", "supplement_elements", "supplement_requests"):
        op.drop_table(table)
    for table in SCORES:
        op.drop_column(table, "package_number")
