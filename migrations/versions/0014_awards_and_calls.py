"""certificates of the title, and reminders around a panel's review.

Revision ID: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CALLS = ("review_due", "review_late", "settle", "sign", "publish")


def upgrade() -> None:
    """Forward."""
    _certificates()
    _panel_reminders()


def downgrade() -> None:
    """Back."""
    op.drop_table("panel_reminders")
    op.drop_table("certificates")


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("school_id", ID, nullable=False),
        sa.Column("dossier_id", ID, nullable=False),
        sa.Column("assignment_id", ID, nullable=False),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        sa.Column("renew_by", sa.Date(), nullable=False),
        sa.Column("awarded_by", ID, nullable=False),
        sa.Column("awarded_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_by", ID, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("year", "serial", name=op.f("uq_certificates_year_serial")),
        _refers("certificates", "school_id", "schools"),
        _refers("certificates", "dossier_id", "dossiers"),
        _refers("certificates", "assignment_id", "assignments"),
        _refers("certificates", "awarded_by", "users"),
        _refers("certificates", "revoked_by", "users"),
        sa.CheckConstraint("serial >= 1", name=op.f("ck_certificates_serial_from_one")),
        sa.CheckConstraint("renew_by > awarded_on", name=op.f("ck_certificates_renewal_after_award")),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_certificates_revoked_by_somebody")
        ),
        sa.CheckConstraint(
            "revoked_at IS NULL OR reason <> ''", name=op.f("ck_certificates_revoked_with_a_reason")
        ),
    )
    op.create_index(op.f("ix_certificates_school_id"), "certificates", ["school_id"])
    op.create_index(op.f("ix_certificates_assignment_id"), "certificates", ["assignment_id"])
    standing = sa.text("revoked_at IS NULL")
    op.create_index(
        "uq_certificates_standing",
        "certificates",
        ["dossier_id"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )


def _panel_reminders() -> None:
    call = sa.Enum(*CALLS, name="call", native_enum=False, create_constraint=True, length=24)
    op.create_table(
        "panel_reminders",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("assignment_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("call", call, nullable=False),
        sa.Column("occasion", sa.String(length=40), nullable=False),
        sa.Column("asked_by", ID, nullable=True),
        sa.Column("noted_at", sa.DateTime(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(), nullable=True),
        sa.Column("mailed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_reminders")),
        _refers("panel_reminders", "assignment_id", "assignments"),
        _refers("panel_reminders", "user_id", "users"),
        _refers("panel_reminders", "asked_by", "users"),
        sa.UniqueConstraint(
            "assignment_id",
            "user_id",
            "call",
            "occasion",
            name=op.f("uq_panel_reminders_assignment_id_user_id_call_occasion"),
        ),
    )
    op.create_index(op.f("ix_panel_reminders_user_id"), "panel_reminders", ["user_id"])
