"""an office's own templates for documents, and the times that authorities vouch for.

Revision ID: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_USE = sa.text("taken_up_at IS NOT NULL AND put_away_at IS NULL")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "document_templates",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", ID, nullable=False),
        sa.Column("uploaded_at", sa.DateTime(), nullable=False),
        sa.Column("taken_up_at", sa.DateTime(), nullable=True),
        sa.Column("put_away_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_templates")),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["users.id"], name=op.f("fk_document_templates_uploaded_by")
        ),
        sa.CheckConstraint("kind IN ('notice', 'report')", name=op.f("ck_document_templates_kind")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_document_templates_sha256_length")),
        sa.CheckConstraint(
            "put_away_at IS NULL OR taken_up_at IS NOT NULL",
            name=op.f("ck_document_templates_put_away_after_taken_up"),
        ),
    )
    op.create_index(
        "uq_document_templates_in_use",
        "document_templates",
        ["kind"],
        unique=True,
        sqlite_where=IN_USE,
        postgresql_where=IN_USE,
    )
    op.create_table(
        "package_timestamps",
        sa.Column("package_id", ID, autoincrement=False, nullable=False),
        sa.Column("authority", sa.String(length=300), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("stamped_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("package_id", name=op.f("pk_package_timestamps")),
        sa.ForeignKeyConstraint(
            ["package_id"], ["packages.id"], name=op.f("fk_package_timestamps_package_id")
        ),
        sa.CheckConstraint(
            "(response IS NULL) = (stamped_at IS NULL)",
            name=op.f("ck_package_timestamps_time_with_the_response"),
        ),
        sa.CheckConstraint(
            "response IS NOT NULL OR failure IS NOT NULL",
            name=op.f("ck_package_timestamps_without_one_says_why"),
        ),
        sa.CheckConstraint("attempts >= 1", name=op.f("ck_package_timestamps_attempts_from_one")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("package_timestamps")
    op.drop_index("uq_document_templates_in_use", "document_templates")
    op.drop_table("document_templates")
