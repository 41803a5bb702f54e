"""supplement_extensions: more time that a panel gave a school to answer.

Revision ID: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "supplement_extensions"


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{TABLE}_{column}"))


def upgrade() -> None:
    """Forward."""
    op.create_table(
        TABLE,
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("request_id", ID, nullable=False),
        sa.Column("due_before", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("extended_by", ID, nullable=False),
        sa.Column("extended_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        _refers("request_id", "supplement_requests"),
        _refers("extended_by", "users"),
        sa.CheckConstraint("due_at > due_before", name=op.f(f"ck_{TABLE}_later_than_before")),
        sa.CheckConstraint("reason <> ''", name=op.f(f"ck_{TABLE}_says_why")),
    )
    op.create_index(op.f(f"ix_{TABLE}_request_id"), TABLE, ["request_id"])


def downgrade() -> None:
    """Back."""
    op.drop_table(TABLE)
