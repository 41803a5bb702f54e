"""A ZIP opened: its files become evidence once, cited by their codes; two copies of a file become one."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.archives import Limits, is_litter, opened
from portfolio.errors import DomainError, NotFound
from portfolio.models import AuditEvent, Citation, Dossier, Evidence, EvidenceVersion
from portfolio.policy import Actor
from portfolio.services import merging, openings, trash
from portfolio.services.openings import Outcome, Source
from portfolio.storage import Storage
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_school, make_user

MIB = 1024 * 1024
LIMITS = Limits(entries=50, total=8 * MIB, entry=4 * MIB)


def zipped(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


@pytest.fixture
def actor(session: Session) -> Actor:
    return actor_for(session, make_user(session))


def source_of(
    session: Session, dossier: Dossier, storage: Storage, folder: Path, entries: dict[str, bytes]
) -> Source:
    content = zipped(entries)
    piece = make_evidence(
        session,
        dossier.school,
        storage,
        folder,
        title="资料",
        content=content,
        filename="资料.zip",
        media_type="application/zip",
    )
    digest = hashlib.sha256(content).hexdigest()
    return Source(piece.id, piece.title, piece.school_id, digest, len(content), "application/zip")


def open_it(
    session: Session, dossier: Dossier, actor: Actor, storage: Storage, source: Source, folder: Path
) -> dict[str, Outcome]:
    unpacked = openings.unpack(storage, source, limits=LIMITS, folder=folder / "uploads")
    outcomes = openings.take_in(
        session,
        actor=actor,
        now=NOW,
        source=source,
        unpacked=unpacked,
        dossier_id=dossier.id,
        storage=storage,
    )
    return {outcome.path: outcome for outcome in outcomes}


ENTRIES = {
    "校务/C14/教代会记录.txt": "教代会记录".encode(),
    "校务/B3 制度/课堂常规.txt": "课堂常规".encode(),
    "校务/C20/教代会记录.txt": "教代会记录".encode(),
    "校务/空.txt": b"",
    "__MACOSX/._a.txt": b"litter",
    "校务/.DS_Store": b"litter",
    "校务/~$计划.docx": b"litter",
}


@pytest.mark.parametrize("remote", [False, True])
def test_each_file_becomes_evidence_cited_by_the_codes_in_its_path(
    session: Session,
    dossier: Dossier,
    actor: Actor,
    storage: Storage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    remote: bool,
) -> None:
    source = source_of(session, dossier, storage, tmp_path, ENTRIES)
    if remote:
        monkeypatch.setattr(storage, "local_path", lambda *_key: None)
    assert openings.count_files(storage, source, LIMITS) == 3
    outcomes = open_it(session, dossier, actor, storage, source, tmp_path)
    assert list(outcomes) == [name for name in ENTRIES if not is_litter(name)]
    minutes, rules = outcomes["校务/C14/教代会记录.txt"], outcomes["校务/B3 制度/课堂常规.txt"]
    assert (minutes.elements, rules.elements) == (("C14",), ())
    again = outcomes["校务/C20/教代会记录.txt"]
    assert (again.already, again.evidence_id, again.elements) == (True, minutes.evidence_id, ("C14", "C20"))
    refusal = outcomes["校务/空.txt"].refusal
    assert refusal is not None
    assert refusal.code == "upload_empty"
    assert session.get_one(Evidence, rules.evidence_id).path == "校务/B3 制度/课堂常规.txt"
    assert list((tmp_path / "uploads").iterdir()) == []
    told = session.scalars(select(AuditEvent).where(AuditEvent.action == "evidence:opened")).one()
    assert told.after is not None
    assert (told.after["taken"], told.after["already_here"], told.after["refused"]) == (2, 1, 1)


def test_opening_it_again_changes_nothing(
    session: Session, dossier: Dossier, actor: Actor, storage: Storage, tmp_path: Path
) -> None:
    source = source_of(session, dossier, storage, tmp_path, {"C14/记录.txt": b"minutes"})
    open_it(session, dossier, actor, storage, source, tmp_path)
    before = session.scalar(select(func.count()).select_from(Evidence))
    (again,) = open_it(session, dossier, actor, storage, source, tmp_path).values()
    assert (again.already, again.elements) == (True, ("C14",))
    assert session.scalar(select(func.count()).select_from(Evidence)) == before
    assert session.scalars(select(Citation.element)).all() == ["C14"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ({f"{n}.txt": b"a" for n in range(51)}, "archive_entries"),
        ({f"{n}.txt": os.urandom(3 * MIB) for n in range(3)}, "archive_too_large"),
    ],
)
def test_an_archive_with_too_much_in_it_is_refused_whole(entries: dict[str, bytes], code: str) -> None:
    with pytest.raises(DomainError, match=code), opened(io.BytesIO(zipped(entries)), LIMITS):
        pass


def test_what_is_no_archive_is_not_opened(storage: Storage) -> None:
    with pytest.raises(DomainError, match="not_an_archive"):
        openings.count_files(storage, Source(1, "a", 1, "0" * 64, 1, "application/pdf"), LIMITS)
    with (
        pytest.raises(DomainError, match="file_unreadable_archive"),
        opened(io.BytesIO(b"PK\x03\x04 broken"), LIMITS),
    ):
        pass


def test_a_locked_entry_is_named_and_the_others_are_taken(tmp_path: Path) -> None:
    packed = bytearray(zipped({"甲.txt": b"one", "乙.txt": b"two"}))
    flags = packed.index(b"PK\x01\x02") + 8
    packed[flags] |= 1
    with opened(io.BytesIO(bytes(packed)), LIMITS) as archive:
        first, second = archive.entries
        assert first.refusal is not None
        assert first.refusal.code == "entry_encrypted"
        assert archive.wanted == (second,)


# ---- Two copies of one file ----


@pytest.fixture
def copies(session: Session, dossier: Dossier, storage: Storage, tmp_path: Path) -> tuple[Evidence, Evidence]:
    """The older piece, and a newer one with the same bytes."""

    def make(title: str) -> Evidence:
        return make_evidence(session, dossier.school, storage, tmp_path, title=title, content=b"same bytes")

    return make("旧"), make("新")


def test_citing_the_other_moves_citations_with_their_passages_and_throws_the_copy_away(
    session: Session, dossier: Dossier, actor: Actor, copies: tuple[Evidence, Evidence]
) -> None:
    old, new = copies
    cite(session, dossier, "C3", old)
    cite(session, dossier, "C3", new)
    cite(session, dossier, "C14", new, page=4)
    moved = merging.cite_instead(session, actor=actor, now=NOW, spare=new, kept_id=old.id)
    assert moved == ("C3", "C14")
    rows = session.execute(
        select(Citation.element, Citation.evidence_id, Citation.page_from).order_by(Citation.element)
    ).all()
    assert [tuple(row) for row in rows] == [("C14", old.id, 4), ("C3", old.id, None)]
    assert (old.trashed_at, new.trashed_at) == (None, NOW)
    told = session.scalars(select(AuditEvent).where(AuditEvent.action == "evidence:merged")).one()
    assert told.after is not None
    assert (told.subject_id, told.after["kept"]) == (new.id, old.id)


def test_a_copy_in_the_trash_comes_out_when_it_is_chosen(
    session: Session, actor: Actor, copies: tuple[Evidence, Evidence]
) -> None:
    old, new = copies
    trash.trash_evidence(session, actor=actor, now=NOW, evidence_id=old.id)
    merging.cite_instead(session, actor=actor, now=NOW, spare=new, kept_id=old.id)
    assert (old.trashed_at, new.trashed_at) == (None, NOW)


def test_bytes_of_an_older_version_become_the_newest_again(
    session: Session,
    dossier: Dossier,
    actor: Actor,
    storage: Storage,
    tmp_path: Path,
    copies: tuple[Evidence, Evidence],
) -> None:
    old, new = copies
    other = make_evidence(session, dossier.school, storage, tmp_path, content=b"in between")
    version = session.scalars(select(EvidenceVersion).where(EvidenceVersion.evidence_id == other.id)).one()
    session.add(
        EvidenceVersion(
            evidence_id=old.id,
            number=2,
            school_id=old.school_id,
            sha256=version.sha256,
            filename="b.txt",
            uploaded_by=old.created_by,
            uploaded_at=NOW,
        )
    )
    session.flush()
    merging.make_version(session, actor=actor, now=NOW, spare=new, kept_id=old.id)
    newest = session.scalars(
        select(EvidenceVersion.sha256)
        .where(EvidenceVersion.evidence_id == old.id)
        .order_by(EvidenceVersion.number)
    ).all()
    assert len(newest) == 3
    assert newest[2] == newest[0]
    assert new.trashed_at == NOW


def test_only_copies_of_one_school_are_put_together(
    session: Session,
    dossier: Dossier,
    actor: Actor,
    storage: Storage,
    tmp_path: Path,
    copies: tuple[Evidence, Evidence],
) -> None:
    _, new = copies
    other = make_evidence(session, dossier.school, storage, tmp_path, content=b"something else")
    theirs = make_evidence(session, make_school(session), storage, tmp_path, content=b"same bytes")
    with pytest.raises(DomainError, match="not_the_same_file"):
        merging.cite_instead(session, actor=actor, now=NOW, spare=new, kept_id=other.id)
    for kept_id in (theirs.id, new.id, 999):
        with pytest.raises(NotFound):
            merging.cite_instead(session, actor=actor, now=NOW, spare=new, kept_id=kept_id)
