"""A whole school leaves one installation and comes to another: on each engine, and from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from portfolio.audit import Action
from portfolio.check import Inspection
from portfolio.db import Base, make_engine, make_sessions, writing
from portfolio.errors import DomainError
from portfolio.models import (
    AuditEvent,
    Cycle,
    Dossier,
    ElementReview,
    Membership,
    Package,
    Remark,
    Role,
    RubricEdition,
    School,
    User,
)
from portfolio.queries.published import published_results
from portfolio.services import sweeping
from portfolio.services.moving import into, reading
from portfolio.services.moving.registry import LEFT, OWN_ACTIONS, PEOPLE, TAKEN
from portfolio.storage import Storage
from portfolio.storage.local import LocalStorage
from tests.conftest import fresh
from tests.factories import make_evidence, make_school, make_user
from tests.filled_store import FilledStore
from tests.moving_factory import LATER, change_rows, dump, export, fill_and_publish, rewritten


@dataclass
class Installation:
    """A database and a store."""

    sessions: sessionmaker[Session]
    storage: Storage
    folder: Path

    def take_in(self, source: Path, **wanted: Any) -> into.TakenIn:
        with reading.read(source, **wanted) as archive:
            return into.take_in(
                self.sessions, self.storage, archive, folder=self.folder / "errands", actor_id=None, now=LATER
            )

    def is_whole(self) -> list[str]:
        with self.sessions() as session:
            return [str(problem) for problem in Inspection(session, self.storage).problems()]

    def is_empty(self) -> bool:
        with self.sessions() as session:
            nothing = session.scalar(select(func.count()).select_from(School)) == 0
        return nothing and list(self.storage.schools()) == []


@dataclass
class Sent:
    """A school, where it was, and its archive."""

    filled: FilledStore
    source: Installation
    archive: Path
    dump: dict[str, list[str]]


@pytest.fixture
def sent(session: Session, engine: Engine, storage: Storage, tmp_path: Path) -> Sent:
    """A school's archive, on either engine."""
    filled = fill_and_publish(session, storage, tmp_path)
    make_school(session, "别的学校")
    session.commit()
    source = Installation(make_sessions(engine), storage, tmp_path)
    archive = export(source.sessions, storage, filled.school.id, tmp_path / "out")
    with source.sessions() as reader:
        return Sent(filled, source, archive, dump(reader, filled.school.id))


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """Another installation, with nothing in it."""
    yield from _installation(request, request.param, tmp_path / "there")


@pytest.fixture
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """The same in SQLite."""
    yield from _installation(request, "sqlite", tmp_path / "there")


def _installation(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[Installation]:
    folder.mkdir()
    with fresh(request, kind, folder) as url:
        made = make_engine(url)
        yield Installation(make_sessions(made), LocalStorage(folder / "files"), folder)
        made.dispose()


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_every_table_is_said_to_go_along_or_to_stay() -> None:
    taken = [each.name for each in TAKEN] + [PEOPLE]
    assert sorted([*taken, *LEFT]) == sorted(Base.metadata.tables)
    assert len(taken) == len(set(taken))


def test_everything_a_school_owns_is_there_afterwards_to_the_row_and_to_the_byte(
    sent: Sent, target: Installation
) -> None:
    taken = target.take_in(sent.archive)
    with target.sessions() as session:
        arrived = dump(session, sent.filled.school.id)
    imported = arrived["audit_events"].pop()
    assert Action.SCHOOL_IMPORTED in imported
    assert arrived == sent.dump
    assert [name for name, rows in arrived.items() if not rows] == []
    kept = set(sent.source.storage.digests(taken.school_id)) & set(target.storage.digests(taken.school_id))
    assert len(kept) == taken.files == 2
    assert target.is_whole() == []


@on_sqlite
def test_what_is_packed_again_elsewhere_has_the_same_rows(
    sent: Sent, there: Installation, tmp_path: Path
) -> None:
    there.take_in(sent.archive)
    again = export(there.sessions, there.storage, sent.filled.school.id, tmp_path / "again")
    with reading.read(sent.archive) as first, reading.read(again) as second:
        assert first.files == second.files
        for taken in TAKEN:
            if taken.name != "audit_events":  # the import itself is in there
                assert list(first.rows(taken.name)) == list(second.rows(taken.name))


@on_sqlite
def test_the_published_result_reads_the_same(sent: Sent, there: Installation) -> None:
    there.take_in(sent.archive)
    read = []
    for place in (sent.source, there):
        with place.sessions() as session:
            dossier = session.get_one(Dossier, sent.filled.dossier.id)
            (result,) = published_results(session, dossier)
            read.append((result.round_name, result.final, [each.rungs for each in result.elements]))
    assert read[0] == read[1]


@on_sqlite
def test_what_the_panel_keeps_to_itself_stays(sent: Sent, there: Installation, session: Session) -> None:
    session.execute(update(ElementReview).values(note="只给自己看", flagged=True))
    session.commit()
    archive = export(sent.source.sessions, sent.source.storage, sent.filled.school.id, there.folder / "out")
    assert "只给自己看".encode() not in archive.read_bytes()
    there.take_in(archive)
    with there.sessions() as arrived:
        assert arrived.scalars(select(ElementReview.note)).all() == [""]
        assert arrived.scalars(select(Remark)).all() == []
        actions = set(arrived.scalars(select(AuditEvent.action)))
        assert actions <= {each.value for each in OWN_ACTIONS}


@on_sqlite
def test_people_are_known_by_their_user_names_and_others_come_closed_and_without_a_password(
    sent: Sent, there: Installation
) -> None:
    with writing(there.sessions) as session:
        known = make_user(session, username="lead.of.the.school", name="同一个人")
    there.take_in(sent.archive)
    with there.sessions() as session:
        held = session.scalars(select(Membership.role).where(Membership.user_id == known.id)).all()
        assert held == [Role.LEAD]
        others = session.scalars(select(User).where(User.id != known.id)).all()
        assert others
        assert all(user.password_hash is None and user.disabled_at is not None for user in others)
        assert session.scalars(select(Membership.role).where(Membership.school_id.is_(None))).all() == []
    with sent.source.sessions() as session:
        secrets = {user.password_hash for user in session.scalars(select(User)) if user.password_hash}
    packed = sent.archive.read_bytes()
    assert all(secret.encode() not in packed for secret in secrets)


@on_sqlite
def test_a_cycle_and_a_rubric_that_are_here_are_not_made_twice(
    sent: Sent, there: Installation, tmp_path: Path
) -> None:
    there.take_in(sent.archive)
    with writing(sent.source.sessions) as session:
        other = make_school(session, "同批次的学校")
        first = session.get_one(Dossier, sent.filled.dossier.id)
        session.add(Dossier(school_id=other.id, cycle_id=first.cycle_id, created_at=LATER))
        other_id = other.id
    there.take_in(export(sent.source.sessions, sent.source.storage, other_id, tmp_path / "other"))
    with there.sessions() as session:
        assert session.scalar(select(func.count()).select_from(RubricEdition)) == 1
        cycles = session.scalars(select(Cycle.id)).all()
        assert len(cycles) == 2
        assert set(session.scalars(select(Dossier.cycle_id))) == set(cycles)
    assert there.is_whole() == []


@on_sqlite
def test_a_school_that_is_here_is_refused(sent: Sent, there: Installation) -> None:
    there.take_in(sent.archive)
    with pytest.raises(DomainError) as refused:
        there.take_in(sent.archive)
    assert refused.value.code == "school_here"
    assert there.is_whole() == []


@on_sqlite
def test_a_school_of_the_same_name_is_refused(sent: Sent, there: Installation) -> None:
    with writing(there.sessions) as session:
        make_school(session, sent.filled.school.name, sent.filled.school.district)
    with pytest.raises(DomainError) as refused:
        there.take_in(sent.archive)
    assert refused.value.code == "school_here"


def _flip(path: Path, at: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(at) + 3] ^= 1
    path.write_bytes(data)


@on_sqlite
def test_a_flipped_byte_of_a_file_is_named_and_nothing_stays(sent: Sent, there: Installation) -> None:
    with reading.read(sent.archive) as whole:
        sha256 = whole.files[0]
    with sent.source.storage.open(sent.filled.school.id, sha256) as stored:
        _flip(sent.archive, stored.read())
    with pytest.raises(DomainError) as refused:
        there.take_in(sent.archive)
    assert (refused.value.code, refused.value.context["path"]) == ("archive_changed", f"data/files/{sha256}")
    assert there.is_empty()


@on_sqlite
def test_a_flipped_byte_of_a_row_is_named(sent: Sent, there: Installation) -> None:
    _flip(sent.archive, b'"justification":')
    with pytest.raises(DomainError) as refused:
        there.take_in(sent.archive)
    assert refused.value.code == "archive_changed"
    assert str(refused.value.context["path"]).startswith("data/tables/")
    assert there.is_empty()


@on_sqlite
def test_another_digest_than_the_sender_told_is_refused(sent: Sent, there: Installation) -> None:
    with reading.read(sent.archive) as whole:
        told = whole.digest
    with reading.read(sent.archive, expected=told) as whole:
        assert whole.digest == told
    with pytest.raises(DomainError) as refused:
        there.take_in(sent.archive, expected="0" * 64)
    assert refused.value.code == "archive_other"


def _drop(path: str) -> Callable[[str, bytes], bytes | None]:
    return lambda name, data: None if name == path else data


def _replace(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    return lambda name, data: data.replace(old, new) if name == "data/school.json" else data


def _same(_name: str, data: bytes) -> bytes:
    return data


@on_sqlite
@pytest.mark.parametrize(
    ("change", "added", "code"),
    [
        (_replace(b"school/1", b"school/2"), {}, "archive_version"),
        (_replace(b"new-quality-school-school/1", b"something/1"), {}, "archive_unreadable"),
        (_replace(b'"citations"', b'"citations_2031"'), {}, "archive_version"),
        (_drop("data/tables/citations.jsonl"), {}, "archive_missing"),
        (_drop("data/school.json"), {}, "archive_unreadable"),
        (_same, {"data/files/" + "0" * 64: b"another"}, "archive_changed"),
        (_same, {"../outside.txt": b"out"}, "archive_outside"),
        (_same, {"notes.txt": b"", "bagit.txt": b"BagIt-Version: 9"}, None),
        (change_rows("citations", lambda row: row.update(page_from="drei")), {}, "archive_row"),
        (change_rows("citations", lambda row: row.update(colour="red")), {}, "archive_row"),
        (change_rows("citations", lambda row: row.update(cited_by=7)), {}, "archive_strays"),
        (change_rows("citations", lambda row: row.update(evidence_id=7)), {}, "ids_taken"),
        (change_rows("memberships", lambda row: row.update(school_id=7)), {}, "archive_strays"),
        (
            change_rows("memberships", lambda row: row.update(school_id=None, role="bureau")),
            {},
            "archive_strays",
        ),
        (change_rows("package_elements", lambda row: row.update(justification="改过")), {}, "package_forged"),
        (change_rows("rubric_editions", lambda row: row.update(body="{}")), {}, "rubric_forged"),
        (change_rows("audit_events", lambda row: row.update(action="review:scored")), {}, "archive_strays"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_stays(
    sent: Sent,
    there: Installation,
    tmp_path: Path,
    change: Callable[[str, bytes], bytes | None],
    added: dict[str, bytes],
    code: str | None,
) -> None:
    archive = rewritten(sent.archive, tmp_path / "wrong.zip", change, **added)
    if code is None:
        assert there.take_in(archive).packages == 1
        return
    with pytest.raises(DomainError) as refused:
        there.take_in(archive)
    assert refused.value.code == code
    assert there.is_empty()


@on_sqlite
def test_rows_that_lead_to_another_school_are_refused(
    sent: Sent, there: Installation, tmp_path: Path, session: Session
) -> None:
    """An archive made by hand must not reach what another school keeps here."""
    with writing(there.sessions) as here:
        other = make_evidence(here, make_school(here, "别的学校"), there.storage, tmp_path).id
    forged = rewritten(
        sent.archive,
        tmp_path / "wrong.zip",
        change_rows("figure_values", lambda row: row.update(proof_id=other)),
    )
    with pytest.raises(DomainError) as refused:
        there.take_in(forged)
    assert refused.value.code == "archive_strays"
    assert there.is_whole() == []


@on_sqlite
@pytest.mark.parametrize("length", [0, 10, 0.5, -1])
def test_a_truncated_archive_is_refused(sent: Sent, there: Installation, length: float) -> None:
    data = sent.archive.read_bytes()
    cut = int(len(data) * length) if isinstance(length, float) else length
    sent.archive.write_bytes(data[:cut])
    with pytest.raises(DomainError) as refused:
        there.take_in(sent.archive)
    assert refused.value.code == "archive_unreadable"


def _store_files(sent: Sent, there: Installation) -> None:
    with reading.read(sent.archive) as archive:
        into._store(there.storage, archive, there.folder / "errands", lambda _done, _total: None)


@on_sqlite
def test_an_import_that_was_stopped_leaves_nothing_to_see_and_can_be_repeated(
    sent: Sent, there: Installation
) -> None:
    """Killed after the files came in: no handler runs, the bytes lie about until the sweep or the next try."""
    _store_files(sent, there)
    with there.sessions() as session:
        assert session.scalars(select(School.id)).all() == []
    sweeping.sweep_store(there.sessions, there.storage, there.folder / "uploads", clock=lambda: LATER)
    assert there.is_empty()
    _store_files(sent, there)
    assert there.take_in(sent.archive).files == 2
    assert there.is_whole() == []


@on_sqlite
def test_a_sweep_between_files_and_rows_is_noticed(
    sent: Sent, there: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = into._write

    def swept_first(session: Session, storage: Storage, *arguments: Any, **options: Any) -> into.TakenIn:
        for sha256 in list(storage.digests(sent.filled.school.id)):
            storage.delete(sent.filled.school.id, sha256)
        return written(session, storage, *arguments, **options)

    monkeypatch.setattr(into, "_write", swept_first)
    with pytest.raises(DomainError) as refused:
        there.take_in(sent.archive)
    assert refused.value.code == "archive_swept"
    assert there.is_empty()


@on_sqlite
def test_a_file_changed_in_the_store_stops_the_export_by_its_title(sent: Sent, tmp_path: Path) -> None:
    place, school_id = sent.source, sent.filled.school.id
    with reading.read(sent.archive) as whole:
        path = place.storage.local_path(school_id, whole.files[0])
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(DomainError) as refused:
        export(place.sessions, place.storage, school_id, tmp_path / "again")
    assert refused.value.code == "bytes_changed"
    assert refused.value.context["title"] in {"党支部会议记录", "旧稿"}


def test_packages_verify_after_the_move(sent: Sent, target: Installation) -> None:
    target.take_in(sent.archive)
    with target.sessions() as session:
        assert session.scalars(select(Package.digest)).all() == [sent.filled.package.digest]
