"""expected materials ticked by hand, with a reason.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "material_ticks",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("dossier_id", ID, nullable=False),
        sa.Column("element", sa.String(length=16), nullable=False),
        sa.Column("material", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("ticked_by", ID, nullable=False),
        sa.Column("ticked_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_ticks")),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_material_ticks_dossier_id")),
        sa.ForeignKeyConstraint(["ticked_by"], ["users.id"], name=op.f("fk_material_ticks_ticked_by")),
        sa.UniqueConstraint(
            "dossier_id", "element", "material", name=op.f("uq_material_ticks_dossier_id_element_material")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_material_ticks_reason_given")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("material_ticks")
