"""Uploads: files that grow, what is taken in, and what a sweep leaves."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio import arrivals
from portfolio.arrivals import Checksum, LineCut
from portfolio.db import begin_write, make_sessions
from portfolio.errors import DomainError, NotFound
from portfolio.models import Blob, Citation, DossierState, Evidence, EvidenceKind, EvidenceVersion, Upload
from portfolio.policy import Actor
from portfolio.services import blobs, trash, uploads
from portfolio.services.wishes import Wishes, read_wishes
from portfolio.storage import Storage, StorageFull
from portfolio.storage.local import LocalStorage
from portfolio.tokens import new_token
from tests.factories import NOW, actor_for, make_dossier, make_evidence, make_school, make_user

PDF = b"%PDF-1.7 " + "会议记录".encode() * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
def growing(folder: Path) -> str:
    token = new_token()
    arrivals.begin(folder, token)
    return token


class Cut:
    """A body whose line is cut after some bytes."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)

    def read(self, size: int = -1, /) -> bytes:
        piece = self._rest.read(size)
        if not piece:
            raise OSError(errno.ECONNRESET, "cut")
        return piece


# ---- Files that grow ----


def test_bodies_are_appended_and_the_size_is_the_offset(folder: Path, growing: str) -> None:
    for piece in (b"abc", b"defg"):
        with arrivals.held(folder, growing) as file:
            file.append(io.BytesIO(piece), most=100)
    assert arrivals.size_of(folder, growing) == 7
    assert (folder / growing).read_bytes() == b"abcdefg"


def test_no_more_is_taken_than_was_announced(folder: Path, growing: str) -> None:
    with arrivals.held(folder, growing) as file:
        file.append(io.BytesIO(b"abcdef"), most=4)
    assert (folder / growing).read_bytes() == b"abcd"


def test_what_came_before_a_cut_is_kept(folder: Path, growing: str) -> None:
    with arrivals.held(folder, growing) as file, pytest.raises(LineCut):
        file.append(Cut(b"abc"), most=10, expected=10)
    assert arrivals.size_of(folder, growing) == 3


def test_a_cut_chunk_with_a_checksum_is_dropped_whole(folder: Path, growing: str) -> None:
    announced = Checksum("sha256", hashlib.sha256(b"defghi").digest())
    with arrivals.held(folder, growing) as file:
        file.append(io.BytesIO(b"abc"), most=100)
        with pytest.raises(LineCut):
            file.append(Cut(b"def"), most=6, expected=6, checksum=announced)
    assert (folder / growing).read_bytes() == b"abc"


@pytest.mark.parametrize("algorithm", arrivals.CHECKSUMS)
def test_a_damaged_chunk_is_dropped_whole(folder: Path, growing: str, algorithm: str) -> None:
    right = Checksum(algorithm, hashlib.new(algorithm, b"abc").digest())
    with arrivals.held(folder, growing) as file:
        file.append(io.BytesIO(b"abc"), most=100, checksum=right)
        with pytest.raises(DomainError, match="upload_checksum"):
            file.append(io.BytesIO(b"abd"), most=100, checksum=right)
    assert (folder / growing).read_bytes() == b"abc"


def test_one_request_at_a_time_writes_a_file(folder: Path, growing: str) -> None:
    with (
        arrivals.held(folder, growing),
        pytest.raises(DomainError, match="upload_busy"),
        arrivals.held(folder, growing),
    ):
        pass
    with arrivals.held(folder, growing) as file:
        assert file.size == 0


def test_who_comes_as_the_file_is_being_stored_does_not_get_hold_of_it(
    folder: Path, growing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def taken_meanwhile(*arguments: object) -> None:
        (folder / growing).unlink()
        lock(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fcntl, "flock", taken_meanwhile)
    with pytest.raises(NotFound), arrivals.held(folder, growing):
        pass


def test_a_full_disk_leaves_what_was_there_before(folder: Path, growing: str) -> None:
    class Full(io.FileIO):
        def write(self, piece: object, /) -> int:
            if self.tell() >= 6:
                raise OSError(errno.ENOSPC, "full")
            return super().write(bytes(piece)[:3])  # type: ignore[call-overload]

    with Full(folder / growing, "r+") as disk:
        file = arrivals.GrowingFile(folder / growing, disk)  # type: ignore[arg-type]
        file.append(io.BytesIO(b"abc"), most=100)
        with pytest.raises(DomainError, match="upload_no_room"):
            file.append(io.BytesIO(b"defghi"), most=100)
    assert (folder / growing).read_bytes() == b"abc"


@pytest.mark.parametrize(
    "token", ["", "..", "../../etc/passwd", "a" * 42, "a" * 44, "a" * 42 + "/", "a" * 42 + "\n"]
)
def test_only_a_token_is_a_file(folder: Path, token: str) -> None:
    with pytest.raises(NotFound):
        arrivals.path_of(folder, token)


# ---- What is said about a file ----


def test_what_is_not_said_is_guessed_from_the_name() -> None:
    said = read_wishes({"filename": "2022-2023学年德育工作计划.pdf"}).described("application/pdf")
    assert (said.title, said.kind, said.years) == (
        "2022-2023学年德育工作计划",
        EvidenceKind.PLAN,
        frozenset({2022}),
    )


def test_what_is_said_stands() -> None:
    said = read_wishes(
        {"filename": "计划.pdf", "title": "方案", "kind": "report", "school_year": "2021, 2020-2021"}
    ).described("application/pdf")
    assert (said.title, said.kind, said.years) == ("方案", EvidenceKind.REPORT, frozenset({2020, 2021}))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"kind": "novel"}, "kind_unknown"),
        ({"school_year": "abcd"}, "year_malformed"),
        ({"school_year": "1066"}, "year_malformed"),
        ({"title": "长" * 201}, "text_too_long"),
        ({"evidence": "../1"}, "not_found"),
    ],
)
def test_nonsense_is_refused_before_anything_is_sent(said: dict[str, str], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        read_wishes(said)
    assert refused.value.code == code


def test_sizes_are_checked_before_anything_is_sent() -> None:
    uploads.check_size(100, 100)
    with pytest.raises(DomainError, match="upload_empty"):
        uploads.check_size(0, 100)
    with pytest.raises(DomainError, match="upload_too_large") as refused:
        uploads.check_size(300 * 1024 * 1024, 200 * 1024 * 1024)
    assert refused.value.context == {"size": "300", "limit": "200"}


# ---- Taken in ----


@pytest.fixture
def actor(session: Session) -> Actor:
    return actor_for(session, make_user(session))


Arrive = Callable[..., tuple[str, Path]]


@pytest.fixture
def arrive(session: Session, actor: Actor, folder: Path) -> Arrive:
    """An announced upload whose bytes are all there."""

    def announce(school_id: int, content: bytes = PDF, **said: object) -> tuple[str, Path]:
        token = new_token()
        path = arrivals.begin(folder, token)
        path.write_bytes(content)
        uploads.announce(
            session,
            actor=actor,
            now=NOW,
            expires_at=NOW + timedelta(hours=48),
            school_id=school_id,
            token=token,
            length=len(content),
            wishes=Wishes(filename="会议记录.pdf", **said),  # type: ignore[arg-type]
            metadata="",
        )
        return token, path

    return announce


def conclude(
    session: Session, actor: Actor, storage: Storage, school_id: int, token: str, path: Path
) -> uploads.Receipt:
    stored = blobs.store(path, filename="会议记录.pdf", school_id=school_id, storage=storage)
    return uploads.conclude(session, actor=actor, now=NOW, token=token, file=stored, storage=storage)


def test_a_whole_upload_becomes_evidence_cited_where_it_was_dropped(
    session: Session, actor: Actor, storage: Storage, arrive: Arrive
) -> None:
    dossier = make_dossier(session)
    token, path = arrive(dossier.school_id, element="C38")
    receipt = conclude(session, actor, storage, dossier.school_id, token, path)
    assert not path.exists()
    assert session.get_one(Evidence, receipt.evidence_id).title == "会议记录"
    cited = session.scalars(select(Citation)).one()
    assert (cited.element, cited.evidence_id, cited.dossier_id) == ("C38", receipt.evidence_id, dossier.id)
    assert uploads.receipt_of(session.get_one(Upload, token)) == receipt


@pytest.mark.parametrize("element", ["C99", "", "'; DROP TABLE"])
def test_an_element_that_is_none_leaves_the_file_uncited(
    session: Session, actor: Actor, storage: Storage, arrive: Arrive, element: str
) -> None:
    dossier = make_dossier(session)
    token, path = arrive(dossier.school_id, element=element)
    conclude(session, actor, storage, dossier.school_id, token, path)
    assert session.scalars(select(Citation)).all() == []


def test_nothing_is_cited_while_the_principal_signs(
    session: Session, actor: Actor, storage: Storage, arrive: Arrive
) -> None:
    dossier = make_dossier(session)
    dossier.state, dossier.handed_over_at = DossierState.SIGNING, NOW
    token, path = arrive(dossier.school_id, element="C1")
    assert conclude(session, actor, storage, dossier.school_id, token, path).evidence_id
    assert session.scalars(select(Citation)).all() == []


def test_the_same_bytes_again_name_the_older_evidence(
    session: Session, actor: Actor, storage: Storage, arrive: Arrive
) -> None:
    school = make_school(session)
    first = conclude(session, actor, storage, school.id, *arrive(school.id))
    second = conclude(session, actor, storage, school.id, *arrive(school.id))
    assert (first.duplicate_of, second.duplicate_of) == (None, first.evidence_id)
    assert list(storage.digests(school.id)) == [hashlib.sha256(PDF).hexdigest()]


def test_the_same_file_twice_at_the_same_moment_is_stored_once(
    engine: Engine, session: Session, actor: Actor, storage: Storage, arrive: Arrive
) -> None:
    school = make_school(session)
    both = [arrive(school.id), arrive(school.id)]
    session.commit()
    start, failures = threading.Barrier(2), []

    def finish(token: str, path: Path) -> None:
        start.wait()
        try:
            with make_sessions(engine)() as own:
                stored = blobs.store(path, filename="a.pdf", school_id=school.id, storage=storage)
                begin_write(own)
                uploads.conclude(own, actor=actor, now=NOW, token=token, file=stored, storage=storage)
                own.commit()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=finish, args=one) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    begin_write(session)
    assert session.scalar(select(func.count()).select_from(Blob)) == 1
    assert session.scalar(select(func.count()).select_from(Evidence)) == 2


def test_a_new_version_goes_to_its_evidence(
    session: Session, actor: Actor, storage: Storage, arrive: Arrive, tmp_path: Path
) -> None:
    school = make_school(session)
    held = make_evidence(session, school, storage, tmp_path)
    token, path = arrive(school.id, evidence_id=held.id, reason="修订")
    assert conclude(session, actor, storage, school.id, token, path).evidence_id == held.id
    newest = session.scalars(select(EvidenceVersion).where(EvidenceVersion.number == 2)).one()
    assert (newest.evidence_id, newest.reason) == (held.id, "修订")


def test_a_new_version_is_never_meant_for_another_school(
    session: Session, storage: Storage, tmp_path: Path
) -> None:
    theirs = make_evidence(session, make_school(session), storage, tmp_path)
    with pytest.raises(NotFound):
        uploads.check_target(
            session, school_id=make_school(session).id, wishes=Wishes("a", evidence_id=theirs.id)
        )


def test_an_upload_that_was_given_up_meanwhile_becomes_nothing(
    session: Session, actor: Actor, storage: Storage, folder: Path, arrive: Arrive
) -> None:
    school = make_school(session)
    token, path = arrive(school.id)
    stored = blobs.store(path, filename="a.pdf", school_id=school.id, storage=storage)
    uploads.give_up(session, folder=folder, token=token)
    with pytest.raises(NotFound):
        uploads.conclude(session, actor=actor, now=NOW, token=token, file=stored, storage=storage)


def test_bytes_that_a_sweep_took_meanwhile_are_not_pointed_to(
    session: Session, actor: Actor, storage: Storage, arrive: Arrive
) -> None:
    school = make_school(session)
    token, path = arrive(school.id)
    stored = blobs.store(path, filename="a.pdf", school_id=school.id, storage=storage)
    storage.delete(school.id, stored.sha256)
    with pytest.raises(NotFound):
        uploads.conclude(session, actor=actor, now=NOW, token=token, file=stored, storage=storage)


@pytest.mark.parametrize(
    ("content", "filename", "code"),
    [
        (b"MZ" + b"\0" * 300, "财务报告.pdf", "file_not_on_list"),
        (b"<!doctype html><script>alert(1)</script>", "说明.txt", "file_active_content"),
        (b"\x00\x01\x02\x03" * 50, "a.pdf", "file_unknown_type"),
        (b"PK\x03\x04" + b"x" * 100, "a.zip", "file_unreadable_archive"),
        (PDF, "report.exe", "file_mismatch"),
    ],
)
def test_what_is_not_on_the_list_never_reaches_the_store(
    storage: Storage, tmp_path: Path, content: bytes, filename: str, code: str
) -> None:
    path = tmp_path / "arrived"
    path.write_bytes(content)
    with pytest.raises(DomainError) as refused:
        blobs.store(path, filename=filename, school_id=1, storage=storage)
    assert refused.value.code == code
    assert list(storage.schools()) == []


def test_a_full_store_leaves_the_file_to_try_again(tmp_path: Path) -> None:
    class Full(LocalStorage):
        def put(self, school_id: int, sha256: str, source: Path) -> None:
            source.chmod(0o444)
            raise StorageFull

    path = tmp_path / "arrived"
    path.write_bytes(PDF)
    with pytest.raises(DomainError, match="upload_no_room"):
        blobs.store(path, filename="a.pdf", school_id=1, storage=Full(tmp_path / "files"))
    assert path.read_bytes() == PDF
    assert path.stat().st_mode & 0o200, "the next try writes to it"


# ---- Sweeps ----


def test_a_sweep_removes_what_expired_and_what_nobody_knows(
    session: Session, folder: Path, arrive: Arrive
) -> None:
    school = make_school(session)
    (old, old_path), (_young, young_path) = arrive(school.id), arrive(school.id)
    session.get_one(Upload, old).expires_at = NOW
    orphan, arriving = folder / new_token(), folder / new_token()
    for path, age in (
        (orphan, timedelta(hours=2)),
        (arriving, timedelta(minutes=2)),
        (young_path, timedelta(hours=2)),
    ):
        path.touch()
        moment = (NOW - age).timestamp()
        os.utime(path, (moment, moment))
    session.flush()
    assert uploads.sweep(session, folder, NOW) == 2
    assert sorted(folder.iterdir()) == sorted([young_path, arriving])
    assert not old_path.exists()
    assert session.get(Upload, old) is None


def test_bytes_go_one_sweep_after_their_row(
    session: Session, actor: Actor, storage: Storage, tmp_path: Path
) -> None:
    school = make_school(session)
    gone, kept = (make_evidence(session, school, storage, tmp_path) for _ in range(2))
    trash.trash_evidence(session, actor=actor, now=NOW - trash.KEPT, evidence_id=gone.id)
    trash.empty_trash(session, now=NOW)
    later = NOW + timedelta(days=2)
    assert blobs.sweep(session, storage, now=NOW + timedelta(hours=1)) == 0
    assert blobs.sweep(session, storage, now=later) == 0
    assert len(list(storage.digests(school.id))) == 2, "the row must be gone for good first"
    assert blobs.sweep(session, storage, now=later) == 1
    rest = session.scalars(select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == kept.id)).all()
    assert list(storage.digests(school.id)) == rest


def test_bytes_of_an_upload_that_is_being_concluded_stay(
    session: Session, storage: Storage, arrive: Arrive
) -> None:
    school = make_school(session)
    _token, path = arrive(school.id)
    blobs.store(path, filename="a.pdf", school_id=school.id, storage=storage)
    assert blobs.sweep(session, storage, now=NOW + timedelta(days=9)) == 0
    assert len(list(storage.digests(school.id))) == 1


def test_bytes_left_by_a_killed_process_go_once_its_upload_expired(
    session: Session, storage: Storage, folder: Path, arrive: Arrive
) -> None:
    school = make_school(session)
    _token, path = arrive(school.id)
    blobs.store(path, filename="a.pdf", school_id=school.id, storage=storage)
    uploads.sweep(session, folder, NOW + timedelta(days=9))
    assert blobs.sweep(session, storage, now=NOW + timedelta(days=9)) == 1
