"""the report: what a school says of itself under each A-indicator."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "introductions",
        sa.Column("dossier_id", ID, nullable=False),
        sa.Column("indicator", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=False),
        sa.Column("saved_by", ID, nullable=False),
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_introductions_dossier_id")),
        sa.ForeignKeyConstraint(["saved_by"], ["users.id"], name=op.f("fk_introductions_saved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introductions")),
        sa.UniqueConstraint("dossier_id", "indicator", name=op.f("uq_introductions_dossier_id_indicator")),
    )


def downgrade():
    op.drop_table("introductions")
