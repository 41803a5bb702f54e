"""the library: derivatives, search, trash.

Tables that carry seals or are referred to are altered in place: SQLite's other way, copying the table, would drop
their triggers without a word.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "derivations",
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "done",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column(
            "text_source",
            sa.Enum(
                "layer",
                "ocr",
                "none",
                name="text_source",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("text_print", sa.String(length=64), nullable=True),
        sa.Column("look", sa.String(length=32), nullable=True),
        sa.Column("public_sha256", sa.String(length=64), nullable=True),
        sa.Column("public_size", sa.Integer(), nullable=True),
        sa.Column("public_media_type", sa.String(length=120), nullable=True),
        sa.CheckConstraint(
            "state <> 'failed' OR failure IS NOT NULL", name=op.f("ck_derivations_failed_says_why")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "sha256"],
            ["blobs.school_id", "blobs.sha256"],
            name=op.f("fk_derivations_school_id_sha256"),
        ),
        sa.PrimaryKeyConstraint("school_id", "sha256", name=op.f("pk_derivations")),
    )
    with op.batch_alter_table("derivations", schema=None) as batch_op:
        batch_op.create_index("ix_derivations_state", ["state", "requested_at"], unique=False)
        batch_op.create_index("ix_derivations_text_print", ["school_id", "text_print"], unique=False)

    op.create_table(
        "search_chunks",
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("evidence_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.CheckConstraint(
            "(evidence_id IS NULL) <> (sha256 IS NULL)", name=op.f("ck_search_chunks_of_a_file_or_of_words")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_id"], ["evidence.id"], name=op.f("fk_search_chunks_evidence_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name=op.f("fk_search_chunks_school_id")),
        sa.ForeignKeyConstraint(
            ["school_id", "sha256"],
            ["derivations.school_id", "derivations.sha256"],
            name=op.f("fk_search_chunks_school_id_sha256"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_chunks")),
    )
    with op.batch_alter_table("search_chunks", schema=None) as batch_op:
        batch_op.create_index("ix_search_chunks_evidence_id", ["evidence_id"], unique=False)
        batch_op.create_index("ix_search_chunks_page", ["school_id", "sha256", "page"], unique=False)

    op.create_table(
        "page_images",
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.String(length=16), nullable=False),
        sa.Column("image_sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "sha256"],
            ["derivations.school_id", "derivations.sha256"],
            name=op.f("fk_page_images_school_id_sha256"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("school_id", "sha256", "page", "size", name=op.f("pk_page_images")),
    )
    op.create_table(
        "page_texts",
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("page >= 1", name=op.f("ck_page_texts_page_from_one")),
        sa.ForeignKeyConstraint(
            ["school_id", "sha256"],
            ["derivations.school_id", "derivations.sha256"],
            name=op.f("fk_page_texts_school_id_sha256"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("school_id", "sha256", "page", name=op.f("pk_page_texts")),
    )
    op.add_column("evidence", sa.Column("trashed_at", sa.DateTime(), nullable=True))
    op.add_column("evidence", sa.Column("path", sa.String(length=400), server_default="", nullable=False))
    op.add_column("package_files", sa.Column("public_sha256", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Back."""
    op.drop_column("package_files", "public_sha256")
    op.drop_column("evidence", "path")
    op.drop_column("evidence", "trashed_at")
    op.drop_table("page_texts")
    op.drop_table("page_images")
    with op.batch_alter_table("search_chunks", schema=None) as batch_op:
        batch_op.drop_index("ix_search_chunks_page")
        batch_op.drop_index("ix_search_chunks_evidence_id")

    op.drop_table("search_chunks")
    with op.batch_alter_table("derivations", schema=None) as batch_op:
        batch_op.drop_index("ix_derivations_text_print")
        batch_op.drop_index("ix_derivations_state")

    op.drop_table("derivations")
