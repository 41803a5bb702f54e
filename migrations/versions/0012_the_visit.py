"""the visit: ticks of its agenda, findings and their photographs, draws, questionnaires.

Revision ID: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHANNELS = ("listen", "documents", "inspect", "discuss", "interview", "observe", "survey")
# those that refer to others first
TABLES = (
    "survey_answers",
    "survey_questions",
    "surveys",
    "draws",
    "finding_photos",
    "finding_elements",
    "findings",
    "agenda_ticks",
)


def _key() -> sa.Column[int]:
    return sa.Column("id", ID, autoincrement=False, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _id_of(name: str) -> sa.Column[int]:
    return sa.Column(name, ID, nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(), nullable=nullable)


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _digest(table: str, column: str) -> sa.CheckConstraint:
    return _check(table, f"{column}_length", f"length({column}) = 64")


def upgrade() -> None:
    """Forward."""
    _agenda()
    _findings()
    _photos()
    _draws()
    _surveys()


def _agenda() -> None:
    op.create_table(
        "agenda_ticks",
        _id_of("assignment_id"),
        _text("item", 40),
        _id_of("ticked_by"),
        _at("ticked_at"),
        _key(),
        _refers("agenda_ticks", "assignment_id", "assignments"),
        _refers("agenda_ticks", "ticked_by", "users"),
        _primary("agenda_ticks"),
        _unique("agenda_ticks", "assignment_id", "item"),
    )


def _findings() -> None:
    channel = sa.Enum(*CHANNELS, name="channel", native_enum=False, create_constraint=True, length=24)
    op.create_table(
        "findings",
        _id_of("assignment_id"),
        _id_of("author_id"),
        _text("token", 36),
        sa.Column("channel", channel, nullable=False),
        _words("words"),
        sa.Column("contradicts", sa.Boolean(), nullable=False),
        _at("noted_at"),
        _at("saved_at"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _at("withdrawn_at", nullable=True),
        _key(),
        _check("findings", "says_something", "words <> ''"),
        _refers("findings", "assignment_id", "assignments"),
        _refers("findings", "author_id", "users"),
        _primary("findings"),
        _unique("findings", "assignment_id", "author_id", "token"),
    )
    op.create_table(
        "finding_elements",
        _id_of("finding_id"),
        _text("element", 16),
        _refers("finding_elements", "finding_id", "findings"),
        _primary("finding_elements", "finding_id", "element"),
    )


def _photos() -> None:
    op.create_table(
        "finding_photos",
        _id_of("finding_id"),
        _id_of("school_id"),
        _text("sha256", 64),
        _text("filename", 255),
        _at("added_at"),
        _at("removed_at", nullable=True),
        _key(),
        _digest("finding_photos", "sha256"),
        _refers("finding_photos", "finding_id", "findings"),
        sa.ForeignKeyConstraint(
            ["school_id", "sha256"],
            ["blobs.school_id", "blobs.sha256"],
            name=op.f("fk_finding_photos_school_id_sha256"),
        ),
        _primary("finding_photos"),
        _unique("finding_photos", "finding_id", "sha256"),
    )
    op.create_index("ix_finding_photos_school_id_sha256", "finding_photos", ["school_id", "sha256"])


def _draws() -> None:
    op.create_table(
        "draws",
        _id_of("assignment_id"),
        _number("number"),
        _text("title", 200),
        _number("population"),
        _number("size"),
        _text("seed", 64),
        _text("list_digest", 64),
        sa.Column("drawn", sa.JSON(), nullable=False),
        _words("reason"),
        _id_of("drawn_by"),
        _at("drawn_at"),
        _key(),
        _check("draws", "number_from_one", "number >= 1"),
        _check("draws", "size_within_population", "size >= 1 AND size <= population"),
        _digest("draws", "seed"),
        _digest("draws", "list_digest"),
        _refers("draws", "assignment_id", "assignments"),
        _refers("draws", "drawn_by", "users"),
        _primary("draws"),
        _unique("draws", "assignment_id", "number"),
    )


def _surveys() -> None:
    op.create_table(
        "surveys",
        _id_of("assignment_id"),
        _text("title", 200),
        _text("sheet_digest", 64),
        _id_of("imported_by"),
        _at("imported_at"),
        _at("withdrawn_at", nullable=True),
        _key(),
        _digest("surveys", "sheet_digest"),
        _refers("surveys", "assignment_id", "assignments"),
        _refers("surveys", "imported_by", "users"),
        _primary("surveys"),
    )
    op.create_index("ix_surveys_assignment_id", "surveys", ["assignment_id"])
    op.create_table(
        "survey_questions",
        _id_of("survey_id"),
        _number("position"),
        _text("element", 16),
        _words("words"),
        _key(),
        _refers("survey_questions", "survey_id", "surveys"),
        _primary("survey_questions"),
        _unique("survey_questions", "survey_id", "position"),
    )
    op.create_table(
        "survey_answers",
        _id_of("question_id"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        _text("words", 200),
        _number("count"),
        _check("survey_answers", "count_not_negative", "count >= 0"),
        _refers("survey_answers", "question_id", "survey_questions"),
        _primary("survey_answers", "question_id", "position"),
    )


def downgrade() -> None:
    """Back."""
    for table in TABLES:
        op.drop_table(table)
