"""errands: long work that a person asked for, done in the background.

Revision ID: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("package", "originals", "school", "import")
STATES = ("waiting", "running", "done", "failed", "cancelled")
UNDER_WAY = sa.text("state IN ('waiting','running')")


def _one_of(name: str, values: tuple[str, ...]) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)
    return sa.Column(name, kind, nullable=False)


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_errands_{column}"))


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "errands",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        _one_of("kind", KINDS),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("school_id", ID, nullable=True),
        sa.Column("package_id", ID, nullable=True),
        sa.Column("asked_by", ID, nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        _one_of("state", STATES),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("context", sa.JSON(), nullable=True),
        sa.Column("filename", sa.String(length=255), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("seen_at", sa.DateTime(), nullable=True),
        sa.Column("told_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errands")),
        _refers("school_id", "schools"),
        _refers("package_id", "packages"),
        _refers("asked_by", "users"),
        sa.CheckConstraint(
            "(kind IN ('package','originals')) = (package_id IS NOT NULL)",
            name=op.f("ck_errands_of_a_package"),
        ),
        sa.CheckConstraint("kind = 'import' OR school_id IS NOT NULL", name=op.f("ck_errands_of_a_school")),
        sa.CheckConstraint(
            "state <> 'failed' OR failure IS NOT NULL", name=op.f("ck_errands_failed_says_why")
        ),
        sa.CheckConstraint("done >= 0 AND total >= 0", name=op.f("ck_errands_bytes_not_negative")),
    )
    op.create_index(op.f("ix_errands_school_id"), "errands", ["school_id"])
    op.create_index(op.f("ix_errands_asked_by"), "errands", ["asked_by"])
    op.create_index("ix_errands_state", "errands", ["state", "asked_at"])
    op.create_index(
        "uq_errands_under_way",
        "errands",
        ["asked_by", "subject"],
        unique=True,
        sqlite_where=UNDER_WAY,
        postgresql_where=UNDER_WAY,
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("errands")
