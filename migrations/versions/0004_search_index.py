"""search index: the terms of every page.

PostgreSQL keeps them in a column of their own with a GIN index. SQLite keeps them in a column as well, from which
triggers feed an FTS5 table that holds nothing but the index. What is there without terms could never be found and goes;
`portfolio migrate` enters it anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Terms are made by the application: the tokenizer only has to part them at blanks.
SQLITE_INDEX = """
CREATE VIRTUAL TABLE search_index USING fts5(
    grams, content='search_chunks', content_rowid='id', columnsize=0, tokenize='ascii'
)
"""
ENTER = "INSERT INTO search_index (rowid, grams) VALUES (new.id, new.grams);"
# An index without content must be told what it forgets.
LEAVE = "INSERT INTO search_index (search_index, rowid, grams) VALUES ('delete', old.id, old.grams);"
TRIGGERS = {
    "search_chunks_entered": f"AFTER INSERT ON search_chunks WHEN new.grams <> '' BEGIN {ENTER} END",
    "search_chunks_left": f"AFTER DELETE ON search_chunks WHEN old.grams <> '' BEGIN {LEAVE} END",
    "search_chunks_changed": f"AFTER UPDATE OF id, grams ON search_chunks BEGIN {LEAVE} {ENTER} END",
}


def upgrade() -> None:
    """Forward."""
    op.execute("DELETE FROM search_chunks")
    if op.get_bind().dialect.name == "postgresql":
        op.add_column(
            "search_chunks", sa.Column("grams", postgresql.TSVECTOR(), server_default="", nullable=False)
        )
        op.create_index("search_index", "search_chunks", ["grams"], postgresql_using="gin")
        return
    op.add_column("search_chunks", sa.Column("grams", sa.Text(), server_default="", nullable=False))
    op.execute(SQLITE_INDEX)
    for name, what in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {what}")


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("search_index", table_name="search_chunks")
    else:
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE search_index")
    op.drop_column("search_chunks", "grams")
