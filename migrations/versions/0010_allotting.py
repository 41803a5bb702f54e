"""elements shared out among a panel's experts; experts taken off a package; scores that were in once.

Every table is altered in place: a column with its own check goes with the column again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forward. Until now everybody scored everything, and what was handed in was in."""
    op.execute(
        "ALTER TABLE assignments ADD COLUMN split VARCHAR(24) DEFAULT 'everyone' NOT NULL"
        " CONSTRAINT ck_assignments_split CHECK (split IN ('everyone', 'indicator', 'sub_indicator'))"
    )
    op.add_column(
        "element_reviews", sa.Column("was_in", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(
        "UPDATE element_reviews SET was_in = true"
        " WHERE review_id IN (SELECT id FROM reviews WHERE handed_in_at IS NOT NULL)"
    )
    op.create_table(
        "removals",
        sa.Column("review_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("removed_by", ID, nullable=False),
        sa.Column("removed_at", sa.DateTime(), nullable=False),
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_removals_says_why")),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_removals_review_id")),
        sa.ForeignKeyConstraint(["removed_by"], ["users.id"], name=op.f("fk_removals_removed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removals")),
        sa.UniqueConstraint("review_id", name=op.f("uq_removals_review_id")),
    )


def downgrade() -> None:
    """Back. Who was taken off counts again: the older store has no way of saying otherwise."""
    op.drop_table("removals")
    op.drop_column("element_reviews", "was_in")
    op.drop_column("assignments", "split")
