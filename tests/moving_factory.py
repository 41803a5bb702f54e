"""A school with everything a school can own, and other installations for it to come to."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from portfolio.documents.archive.opening import PAYLOAD_DIGESTS, TAG_DIGESTS
from portfolio.models import Assignment, Removal, Role
from portfolio.services import trash, trend
from portfolio.services.moving import out
from portfolio.services.moving.people import described
from portfolio.services.moving.registry import TAKEN
from portfolio.storage import Storage
from tests.factories import NOW, actor_for, make_evidence, make_user
from tests.filled_store import FilledStore, fill

LATER = NOW + timedelta(days=40)


def fill_and_publish(session: Session, storage: Storage, folder: Path) -> FilledStore:
    """The filled store with a published result, evidence in the trash, and another school beside it."""
    filled = fill(session, storage, folder)
    lead = make_user(session, Role.LEAD, school=filled.school, username="lead.of.the.school")
    spare = make_evidence(session, filled.school, storage, folder, title="旧稿", by=lead)
    trash.trash_evidence(session, actor=actor_for(session, lead), now=NOW, evidence_id=spare.id)
    bureau = make_user(session, Role.BUREAU)
    closed_at = NOW - timedelta(hours=1)  # before the expert declared a conflict
    session.execute(
        update(Assignment).values(
            settling_since=closed_at,
            closed_at=closed_at,
            closed_by=bureau.id,
            published_at=NOW,
            published_by=bureau.id,
        )
    )
    session.execute(delete(Removal))  # the expert's review counts
    trend.record_day(session, NOW)
    session.flush()
    session.commit()
    return filled


def export(sessions: sessionmaker[Session], storage: Storage, school_id: int, folder: Path) -> Path:
    """The school's archive as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{school_id}.zip"
    with sessions() as session:
        archive = out.pack(session, storage, school_id=school_id, folder=folder, now=LATER)
        with target.open("wb") as file:
            file.writelines(archive.pieces())
    return target


# Every installation numbers these its own way.
_NUMBERED = {"audit_events": {"id"}, "blobs": {"storage"}}


def dump(session: Session, school_id: int) -> dict[str, list[str]]:
    """Everything the school owns, canonically, people and what is shared by name instead of by id."""
    names = _Names(session, school_id)
    found = {}
    for taken in TAKEN:
        rows = session.execute(
            select(*taken.columns).where(taken.of(school_id)).order_by(*taken.model.__table__.primary_key)
        ).mappings()
        left_out = _NUMBERED.get(taken.name, set())
        found[taken.name] = [
            json.dumps(
                {c.name: names.plain(c, row[c.name]) for c in taken.columns if c.name not in left_out},
                ensure_ascii=False,
                default=str,
                sort_keys=True,
            )
            for row in rows
        ]
    return found


class _Names:
    """What stands for people."""

    def __init__(self, session: Session, school_id: int) -> None:
        self._session, self._school_id = session, school_id

    def plain(self, column: Any, value: Any) -> Any:
        if value is None or not any(key.column.table.name == "users" for key in column.foreign_keys):
            return value
        (person,) = described(self._session, [value], school_id=self._school_id)
        return person["name"]


def rewritten(
    source: Path, target: Path, change: Callable[[str, bytes], bytes | None], **added: bytes
) -> Path:
    """The archive with members changed (None: left out) or added, its lists of digests made to fit again."""
    with zipfile.ZipFile(source) as archive:
        root = archive.namelist()[0].partition("/")[0]
        members = {name.removeprefix(f"{root}/"): archive.read(name) for name in archive.namelist()}
    changed = {name: change(name, data) for name, data in members.items()}
    kept = {name: data for name, data in changed.items() if data is not None} | added
    for list_name, listed in (
        (PAYLOAD_DIGESTS, [name for name in kept if name.startswith("data/")]),
        (TAG_DIGESTS, [name for name in kept if not name.startswith("data/") and name != TAG_DIGESTS]),
    ):
        lines = [f"{hashlib.sha256(kept[name]).hexdigest()}  {name}\n" for name in listed]
        kept[list_name] = "".join(lines).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in kept.items():
            archive.writestr(f"{root}/{name}", data)
    return target


def change_rows(table: str, change: Callable[[dict[str, Any]], None]) -> Callable[[str, bytes], bytes]:
    """Changes every row of a table."""

    def changed(name: str, data: bytes) -> bytes:
        if name != out.table_path(table):
            return data
        rows = [json.loads(line) for line in data.splitlines()]
        for row in rows:
            change(row)
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    return changed


__all__ = ["LATER", "change_rows", "dump", "export", "fill_and_publish", "rewritten"]
