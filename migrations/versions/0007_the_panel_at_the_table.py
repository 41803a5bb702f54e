"""the panel at the table: statements of interest, substitutes, corrections, rulings, remarks, closings with a second signature; elements not
assessed.

Nothing refers to `determinations`, and it carries no seal: SQLite, which can't loosen a constraint, gets it anew
with its rows copied. Every other table is altered in place.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RULES = ("median", "agreed", "chair")
COLUMNS = "id, assignment_id, element, score, rule, reason, settled_by, settled_at, version"


def _rule(*rules: str) -> sa.Column[str]:
    kind = sa.Enum(*rules, name="rule", native_enum=False, create_constraint=True, length=24)
    return sa.Column("rule", kind, nullable=False)


def _key() -> sa.Column[int]:
    return sa.Column("id", ID, autoincrement=False, nullable=False)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Forward."""
    op.add_column("assignments", sa.Column("settling_since", sa.DateTime(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        _anew_with_not_assessed()
    else:
        _loosen()
    _rulings()
    _remarks()
    _closings()
    _corrections()
    _interests()
    _substitutions()
    _carry_over()


def _anew_with_not_assessed() -> None:
    _determinations("determinations_anew", _rule(*RULES, "not_assessed"), score_nullable=True)
    _swap()


def _determinations(name: str, rule: sa.Column[str], *, score_nullable: bool) -> None:
    unless = ()
    if score_nullable:
        unless = (
            sa.CheckConstraint(
                "(rule = 'not_assessed') = (score IS NULL)",
                name=op.f("ck_determinations_score_unless_not_assessed"),
            ),
        )
    op.create_table(
        name,
        sa.Column("assignment_id", ID, nullable=False),
        sa.Column("element", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Integer(), nullable=score_nullable),
        rule,
        _words("reason"),
        sa.Column("settled_by", ID, nullable=False),
        sa.Column("settled_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _key(),
        sa.CheckConstraint(
            "rule <> 'chair' OR reason <> ''", name=op.f("ck_determinations_chair_gives_a_reason")
        ),
        sa.CheckConstraint("score >= 0", name=op.f("ck_determinations_score_not_negative")),
        *unless,
        _refers("determinations", "assignment_id", "assignments"),
        _refers("determinations", "settled_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_determinations")),
        sa.UniqueConstraint("assignment_id", "element", name=op.f("uq_determinations_assignment_id_element")),
    )


def _swap() -> None:
    op.execute(f"INSERT INTO determinations_anew ({COLUMNS}) SELECT {COLUMNS} FROM determinations")
    op.drop_table("determinations")
    op.rename_table("determinations_anew", "determinations")


def _loosen() -> None:
    op.alter_column("determinations", "score", nullable=True)
    _replace_rule_check(*RULES, "not_assessed")
    op.create_check_constraint(
        op.f("ck_determinations_score_unless_not_assessed"),
        "determinations",
        "(rule = 'not_assessed') = (score IS NULL)",
    )


def _replace_rule_check(*rules: str) -> None:
    op.drop_constraint(op.f("ck_determinations_rule"), "determinations", type_="check")
    named = ", ".join(f"'{rule}'" for rule in rules)
    op.create_check_constraint(op.f("ck_determinations_rule"), "determinations", f"rule IN ({named})")


def _rulings() -> None:
    op.create_table(
        "rulings",
        sa.Column("assignment_id", ID, nullable=False),
        sa.Column("element", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        _rule(*RULES, "not_assessed"),
        _words("reason"),
        sa.Column("settled_by", ID, nullable=False),
        sa.Column("settled_at", sa.DateTime(), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.Column("undone_by", ID, nullable=True),
        _key(),
        sa.CheckConstraint("number >= 1", name=op.f("ck_rulings_number_from_one")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_rulings_undone_by_somebody")
        ),
        _refers("rulings", "assignment_id", "assignments"),
        _refers("rulings", "settled_by", "users"),
        _refers("rulings", "undone_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulings")),
        sa.UniqueConstraint(
            "assignment_id", "element", "number", name=op.f("uq_rulings_assignment_id_element_number")
        ),
    )


def _remarks() -> None:
    stance = sa.Enum("agree", "disagree", name="stance", native_enum=False, create_constraint=True, length=24)
    op.create_table(
        "remarks",
        sa.Column("assignment_id", ID, nullable=False),
        sa.Column("element", sa.String(length=16), nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("stance", stance, nullable=True),
        _words("words"),
        sa.Column("ruling", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        _key(),
        sa.CheckConstraint("stance IS NOT NULL OR words <> ''", name=op.f("ck_remarks_says_something")),
        _refers("remarks", "assignment_id", "assignments"),
        _refers("remarks", "author_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remarks")),
    )
    op.create_index("ix_remarks_assignment_id_element", "remarks", ["assignment_id", "element"])


def _closings() -> None:
    op.create_table(
        "closings",
        sa.Column("assignment_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _words("opinion"),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("proposed_at", sa.DateTime(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.Column("signed_by", ID, nullable=True),
        sa.Column("signed_at", sa.DateTime(), nullable=True),
        sa.Column("reopened_by", ID, nullable=True),
        sa.Column("reopened_at", sa.DateTime(), nullable=True),
        _words("reason"),
        _key(),
        sa.CheckConstraint("number >= 1", name=op.f("ck_closings_number_from_one")),
        sa.CheckConstraint("signed_by <> proposed_by", name=op.f("ck_closings_signed_by_another")),
        sa.CheckConstraint(
            "signed_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_closings_signed_or_withdrawn")
        ),
        sa.CheckConstraint(
            "reopened_at IS NULL OR (signed_at IS NOT NULL AND reopened_by IS NOT NULL AND reason <> '')",
            name=op.f("ck_closings_reopened_with_a_reason"),
        ),
        _refers("closings", "assignment_id", "assignments"),
        _refers("closings", "proposed_by", "users"),
        _refers("closings", "signed_by", "users"),
        _refers("closings", "reopened_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closings")),
        sa.UniqueConstraint("assignment_id", "number", name=op.f("uq_closings_assignment_id_number")),
    )


def _corrections() -> None:
    channel = sa.Enum(
        "listen",
        "documents",
        "inspect",
        "discuss",
        "interview",
        "observe",
        "survey",
        name="channel",
        native_enum=False,
        create_constraint=True,
        length=24,
    )
    op.create_table(
        "corrections",
        sa.Column("element_review_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        _words("reason"),
        sa.Column("channel", channel, nullable=True),
        _words("why"),
        sa.Column("corrected_at", sa.DateTime(), nullable=False),
        _key(),
        sa.CheckConstraint("why <> ''", name=op.f("ck_corrections_says_why")),
        _refers("corrections", "element_review_id", "element_reviews"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
        sa.UniqueConstraint(
            "element_review_id", "version", name=op.f("uq_corrections_element_review_id_version")
        ),
    )


def _interests() -> None:
    op.create_table(
        "interest_statements",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("panel_id", ID, nullable=False),
        sa.Column("school_id", ID, nullable=False),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        _key(),
        _refers("interest_statements", "user_id", "users"),
        _refers("interest_statements", "panel_id", "panels"),
        _refers("interest_statements", "school_id", "schools"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interest_statements")),
        sa.UniqueConstraint(
            "user_id", "panel_id", "school_id", name=op.f("uq_interest_statements_user_id_panel_id_school_id")
        ),
    )
    op.create_index("ix_interest_statements_school_id", "interest_statements", ["school_id"])


def _substitutions() -> None:
    op.create_table(
        "substitutions",
        sa.Column("review_id", ID, nullable=False),
        sa.Column("substitute_id", ID, nullable=False),
        sa.Column("named_by", ID, nullable=False),
        sa.Column("named_at", sa.DateTime(), nullable=False),
        _key(),
        _refers("substitutions", "review_id", "reviews"),
        _refers("substitutions", "substitute_id", "reviews"),
        _refers("substitutions", "named_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitutions")),
        sa.UniqueConstraint("review_id", name=op.f("uq_substitutions_review_id")),
        sa.UniqueConstraint("substitute_id", name=op.f("uq_substitutions_substitute_id")),
    )


def _carry_over() -> None:
    """What was settled and closed before has its ruling and its closing, the latter with no second signature."""
    op.execute(
        "INSERT INTO rulings (id, assignment_id, element, number, score, rule, reason, settled_by, settled_at)"
        " SELECT id, assignment_id, element, version, score, rule, reason, settled_by, settled_at"
        " FROM determinations"
    )
    op.execute(
        "INSERT INTO closings (id, assignment_id, number, opinion, proposed_by, proposed_at, signed_at)"
        " SELECT id, id, 1, opinion, closed_by, closed_at, closed_at FROM assignments"
        " WHERE closed_at IS NOT NULL AND closed_by IS NOT NULL"
    )
    op.execute(
        "UPDATE assignments SET settling_since ="
        " (SELECT min(settled_at) FROM determinations WHERE assignment_id = assignments.id)"
    )


def downgrade() -> None:
    """Back. What was not assessed is open again: the older store has no way of saying so."""
    for table in ("substitutions", "interest_statements", "corrections", "closings", "remarks", "rulings"):
        op.drop_table(table)
    op.execute("DELETE FROM determinations WHERE score IS NULL")
    if op.get_bind().dialect.name == "sqlite":
        _determinations("determinations_anew", _rule(*RULES), score_nullable=False)
        _swap()
    else:
        op.drop_constraint(
            op.f("ck_determinations_score_unless_not_assessed"), "determinations", type_="check"
        )
        _replace_rule_check(*RULES)
        op.alter_column("determinations", "score", nullable=False)
    op.drop_column("assignments", "settling_since")
