"""work and figures: due days, reminders, what is carried over, basic figures.

Plain columns and tables only: nothing here copies a table, so the seals stay where they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forward."""
    op.add_column("self_assessments", sa.Column("due_on", sa.Date(), nullable=True))
    op.add_column("users", sa.Column("email", sa.String(length=254), nullable=True))
    _reminders()
    _carried()
    _figures()


def downgrade() -> None:
    """Back."""
    for table in ("figure_values", "rectifications", "touched_elements", "carry_overs", "reminders"):
        op.drop_table(table)
    op.drop_column("users", "email")
    op.drop_column("self_assessments", "due_on")


def _reminders() -> None:
    op.create_table(
        "reminders",
        _id(),
        _to("dossier_id", "reminders", "dossiers"),
        sa.Column("element", sa.String(length=16), nullable=False),
        _to("user_id", "reminders", "users"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "dossier_id",
            "element",
            "user_id",
            "due_on",
            "days_before",
            name=op.f("uq_reminders_dossier_id_element_user_id_due_on_days_before"),
        ),
        sa.CheckConstraint("days_before >= 0", name=op.f("ck_reminders_before_the_day")),
    )
    op.create_index(op.f("ix_reminders_user_id"), "reminders", ["user_id"])


def _carried() -> None:
    op.create_table(
        "carry_overs",
        _to("dossier_id", "carry_overs", "dossiers"),
        _to("from_dossier_id", "carry_overs", "dossiers"),
        _to("carried_by", "carry_overs", "users"),
        sa.Column("carried_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_id", name=op.f("pk_carry_overs")),
        sa.CheckConstraint("dossier_id <> from_dossier_id", name=op.f("ck_carry_overs_from_another")),
    )
    op.create_table(
        "touched_elements",
        _id(),
        _to("dossier_id", "touched_elements", "dossiers"),
        sa.Column("element", sa.String(length=16), nullable=False),
        sa.Column(
            "touch",
            sa.Enum(
                "moved",
                "reworded",
                "reweighted",
                "new",
                name="touch",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("from_element", sa.String(length=16), nullable=True),
        sa.Column("seen_at", sa.DateTime(), nullable=True),
        _to("seen_by", "touched_elements", "users", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touched_elements")),
        sa.UniqueConstraint("dossier_id", "element", name=op.f("uq_touched_elements_dossier_id_element")),
    )
    op.create_table(
        "rectifications",
        _id(),
        _to("dossier_id", "rectifications", "dossiers"),
        sa.Column("element", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        _to("assignment_id", "rectifications", "assignments"),
        sa.Column("put_right_at", sa.DateTime(), nullable=True),
        _to("put_right_by", "rectifications", "users", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectifications")),
        sa.UniqueConstraint("dossier_id", "element", name=op.f("uq_rectifications_dossier_id_element")),
        sa.CheckConstraint("lost > 0", name=op.f("ck_rectifications_points_lost")),
        sa.CheckConstraint("problem <> ''", name=op.f("ck_rectifications_problem_named")),
    )


def _figures() -> None:
    op.create_table(
        "figure_values",
        _id(),
        _to("dossier_id", "figure_values", "dossiers"),
        sa.Column("figure", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=True),
        sa.Column("proof_id", ID, nullable=True),
        sa.Column("proof_page", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=True),
        _to("saved_by", "figure_values", "users", nullable=True),
        sa.ForeignKeyConstraint(
            ["proof_id"], ["evidence.id"], name=op.f("fk_figure_values_proof_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_values")),
        sa.UniqueConstraint(
            "dossier_id", "figure", "year", name=op.f("uq_figure_values_dossier_id_figure_year")
        ),
        sa.CheckConstraint("year BETWEEN 1990 AND 2100", name=op.f("ck_figure_values_plausible_year")),
        sa.CheckConstraint(
            "proof_page IS NULL OR proof_page >= 1", name=op.f("ck_figure_values_page_from_one")
        ),
    )
    op.create_index(op.f("ix_figure_values_proof_id"), "figure_values", ["proof_id"])


def _id() -> sa.Column[int]:
    return sa.Column("id", ID, autoincrement=False, nullable=False)


def _to(column: str, table: str, other: str, *, nullable: bool = False) -> sa.Column[int]:
    """A column that names a row of another table."""
    key = sa.ForeignKey(f"{other}.id", name=op.f(f"fk_{table}_{column}"))
    return sa.Column(column, ID, key, nullable=nullable)
