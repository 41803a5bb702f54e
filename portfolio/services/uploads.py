"""Uploads: announced, received piece by piece (portfolio.arrivals), stored, turned into evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, exists, select, text
from sqlalchemy.orm import Session

from portfolio import arrivals
from portfolio.errors import DomainError, NotFound
from portfolio.filetypes import PUBLISHED, TypeRefused, clean_display_name, detect
from portfolio.models import Blob, Evidence, EvidenceKind, EvidenceVersion, FindingPhoto, Upload
from portfolio.policy import Actor
from portfolio.services import citations, derivations, errands, evidence
from portfolio.services.evidence import LONGEST_REMARK, Description, StoredFile
from portfolio.services.suggestions import elements_in_path
from portfolio.storage import BlobDamaged, Storage, StorageFull, StorageUnavailable
from portfolio.titles import LONGEST_TITLE, clean_path, default_title, guess_kind, guess_years

ORPHAN_AFTER = timedelta(hours=1)
GRACE = timedelta(days=1)
# Refusals that pass: the bytes stay where they are, and the same request may succeed later.
PASSING = frozenset({"upload_no_room", "storage_unavailable"})
_FAMILIES = {kind.media_type: kind.family for kind in PUBLISHED}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the uploader says about a file beforehand; what they leave out is guessed from its name."""

    filename: str
    title: str = ""
    kind: str = ""
    years: list[int] = field(default_factory=list)
    element: str = ""
    evidence_id: int | None = None
    reason: str = ""
    # the file's folders and name as they stood where it came from: to be shown, and for codes in it
    path: str = ""

    def described(self, media_type: str) -> Description:
        """The description of the new evidence."""
        return Description(
            title=self.title or default_title(self.filename),
            kind=EvidenceKind(self.kind) if self.kind else guess_kind(self.filename, _FAMILIES[media_type]),
            years=frozenset(self.years) or guess_years(self.filename),
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an upload: its evidence, older evidence with the same bytes, the elements that cite it at once."""

    evidence_id: int
    duplicate_of: int | None = None
    elements: tuple[str, ...] = ()


def read_wishes(said: Mapping[str, str]) -> Wishes:
    """Wishes from upload metadata or a form.

    Raises DomainError (kind_unknown, year_malformed, text_too_long), NotFound for what can't be evidence.
    """
    title, reason = said.get("title", "").strip(), said.get("reason", "").strip()
    kind, named = said.get("kind", "").strip(), said.get("evidence", "").strip()
    if len(title) > LONGEST_TITLE:
        raise DomainError("text_too_long", field="title", longest=LONGEST_TITLE)
    if len(reason) > LONGEST_REMARK:
        raise DomainError("text_too_long", field="reason", longest=LONGEST_REMARK)
    if kind and kind not in {member.value for member in EvidenceKind}:
        raise DomainError("kind_unknown", field="kind")
    if named and not (named.isdecimal() and len(named) <= 16):
        raise NotFound()
    return Wishes(
        filename=clean_display_name(said.get("filename", "")),
        title=title,
        kind=kind,
        years=read_years(said.get("school_year", "")),
        element=said.get("element", "").strip()[:16],
        evidence_id=int(named) if named else None,
        reason=reason,
        path=clean_path(said.get("path", "")),
    )


def read_years(typed: str) -> list[int]:
    """School years by the calendar year each starts in, as typed: "2023", "2022, 2023" or "2022-2023".

    Raises DomainError("year_malformed").
    """
    years = []
    for word in typed.replace("，", " ").replace("、", " ").replace(",", " ").split():
        first = word.replace("–", "-").split("-")[0].removesuffix("学年")
        if not (first.isdecimal() and evidence.FIRST_YEAR <= int(first) <= evidence.LAST_YEAR):
            raise DomainError("year_malformed", field="years")
        years.append(int(first))
    return sorted(set(years))


def check_size(length: int, largest: int) -> None:
    """Whether a file of this many bytes is taken. Raises DomainError (upload_empty, upload_too_large)."""
    if length == 0:
        raise DomainError("upload_empty")
    if length > largest:
        raise DomainError("upload_too_large", size=megabytes(length), limit=megabytes(largest))


def megabytes(size: int) -> str:
    """Bytes as megabytes: three digits are enough for a sentence."""
    value = size / (1024 * 1024)
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def check_target(session: Session, *, school_id: int, wishes: Wishes) -> None:
    """That the evidence a new version is meant for is this school's. Raises NotFound."""
    if wishes.evidence_id is None:
        return
    known = select(Evidence.id).where(Evidence.id == wishes.evidence_id, Evidence.school_id == school_id)
    if session.scalar(known) is None:
        raise NotFound()


def announce(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    expires_at: datetime,
    school_id: int,
    token: str,
    length: int,
    wishes: Wishes,
    metadata: str,
) -> Upload:
    """A new upload of `length` bytes; `metadata` is kept as the client wrote it, to be told back."""
    upload = Upload(
        token=token,
        school_id=school_id,
        user_id=actor.user_id,
        length=length,
        details={"wishes": asdict(wishes), "metadata": metadata},
        created_at=now,
        expires_at=expires_at,
    )
    session.add(upload)
    session.flush()
    return upload


def locked(session: Session, token: str) -> Upload:
    """The upload as it stands, its row held until this write is through. Raises NotFound."""
    found = session.scalars(
        select(Upload)
        .where(Upload.token == token)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("upload_gone")
    return found


def wishes_of(upload: Upload) -> Wishes:
    """What was said when the upload was announced."""
    return Wishes(**upload.details["wishes"])


def store(path: Path, *, filename: str, school_id: int, storage: Storage) -> StoredFile:
    """Hash a file that has arrived whole, find its type, and put it into the store, which consumes it.

    Raises DomainError: file_* if it isn't taken; those in PASSING, with the file still where it was.
    """
    try:
        found = detect(path, filename)
    except TypeRefused as error:
        raise _refusal(error) from error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    try:
        storage.put(school_id, digest, path)
    except StorageFull as error:
        _make_writable(path)
        raise DomainError("upload_no_room") from error
    except (StorageUnavailable, BlobDamaged) as error:
        _make_writable(path)
        raise DomainError("storage_unavailable") from error
    return StoredFile(filename, digest, size, found.media_type, storage.name)


def _make_writable(path: Path) -> None:
    """A store that failed may have protected the file already; the next try must be able to open it."""
    path.chmod(0o600)


def _refusal(error: TypeRefused) -> DomainError:
    if error.reason_code == "not_on_list" and error.found is None:
        return DomainError("file_unknown_type")
    return DomainError(f"file_{error.reason_code}", found=error.found or "")


def take_in(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    school_id: int,
    file: StoredFile,
    wishes: Wishes,
    storage: Storage,
) -> Receipt:
    """Stored bytes as evidence: new, or a new version; new evidence is cited for the element it was sent to, else for
    those whose codes stand in its name or folders. Raises NotFound, DomainError.
    """
    elements: tuple[str, ...] = ()
    if wishes.evidence_id is not None:
        taken = evidence.add_version(
            session,
            actor=actor,
            now=now,
            evidence_id=wishes.evidence_id,
            school_id=school_id,
            file=file,
            reason=wishes.reason,
        )
    else:
        said = wishes.described(file.media_type)
        taken = evidence.add_evidence(
            session,
            actor=actor,
            now=now,
            school_id=school_id,
            file=file,
            description=said,
            path=wishes.path,
        )
        named = (wishes.element,) if wishes.element else _elements_named(session, school_id, wishes)
        elements = cite_for(
            session, actor=actor, now=now, school_id=school_id, evidence_id=taken.id, elements=named
        )
    # A sweep may have removed the same bytes while these were on their way.
    if not storage.exists(school_id, file.sha256):
        raise NotFound("upload_gone")
    other = evidence.duplicate_of(session, evidence_id=taken.id, school_id=school_id, sha256=file.sha256)
    return Receipt(taken.id, other, elements)


def _elements_named(session: Session, school_id: int, wishes: Wishes) -> tuple[str, ...]:
    return elements_in_path(session, school_id=school_id, path=wishes.path or wishes.filename)


def cite_for(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    school_id: int,
    evidence_id: int,
    elements: Iterable[str],
) -> tuple[str, ...]:
    """Cite for the elements that were named, where the dossier can be written in; returns those that cite now."""
    cited = []
    for element in elements:
        dossier_id = citations.dossier_to_cite_in(session, school_id=school_id, element=element, now=now)
        if dossier_id is not None:
            citations.cite(
                session, actor=actor, now=now, dossier_id=dossier_id, element=element, evidence_id=evidence_id
            )
            cited.append(element)
    return tuple(cited)


def conclude(
    session: Session, *, actor: Actor, now: datetime, token: str, file: StoredFile, storage: Storage
) -> Receipt:
    """The finished upload as evidence. Raises NotFound if it was given up, and what take_in raises."""
    upload = locked(session, token)
    receipt = take_in(
        session,
        actor=actor,
        now=now,
        school_id=upload.school_id,
        file=file,
        wishes=wishes_of(upload),
        storage=storage,
    )
    upload.finished_at, upload.evidence_id = now, receipt.evidence_id
    outcome = {"duplicate_of": receipt.duplicate_of, "elements": list(receipt.elements)}
    upload.details = {**upload.details, **outcome}
    session.flush()
    return receipt


def receipt_of(upload: Upload) -> Receipt:
    """What became of a finished upload. Raises NotFound if its evidence was deleted since."""
    if upload.evidence_id is None:
        raise NotFound("upload_gone")
    said = upload.details
    return Receipt(upload.evidence_id, said.get("duplicate_of"), tuple(said.get("elements", ())))


def turn_down(session: Session, *, token: str, refusal: DomainError) -> None:
    """Remember why an upload was refused, so that a client that asks again hears the same."""
    upload = session.get(Upload, token)
    if upload is not None:
        upload.refusal = {"code": refusal.code, "context": _plain(refusal.context)}


def refusal_of(upload: Upload) -> DomainError | None:
    """Why the upload was refused, if it was."""
    if upload.refusal is None:
        return None
    return DomainError(upload.refusal["code"], **upload.refusal["context"])


def _plain(context: Mapping[str, object]) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else str(value) for name, value in context.items()}


def give_up(session: Session, *, folder: Path, token: str) -> None:
    """End an upload and forget what has arrived. Raises DomainError (upload_finished, upload_busy)."""
    upload = locked(session, token)
    if upload.finished_at is not None:
        raise DomainError("upload_finished")
    try:
        with arrivals.held(folder, token):
            session.delete(upload)
            session.flush()
            arrivals.discard(folder, token)
    except NotFound:  # refused, or lost with its file: only the row is left
        session.delete(upload)


def sweep_expired(session: Session, folder: Path, now: datetime) -> int:
    """Remove uploads whose time is over, finished ones' rows included; returns how many."""
    tokens = session.scalars(delete(Upload).where(Upload.expires_at <= now).returning(Upload.token)).all()
    for token in tokens:
        arrivals.discard(folder, token)
    return len(tokens)


def sweep(session: Session, folder: Path, now: datetime) -> int:
    """Remove expired uploads, and files in the folder that no upload knows; returns how many."""
    removed = sweep_expired(session, folder, now)
    for token in arrivals.abandoned(folder, before=now - ORPHAN_AFTER):
        if session.get(Upload, token) is None:
            arrivals.discard(folder, token)
            removed += 1
    return removed


def sweep_blobs(session: Session, storage: Storage, *, now: datetime, grace: timedelta = GRACE) -> int:
    """Delete stored bytes that no file version and no finding refers to; returns how many.

    In two runs: one removes the row, the next, once that is committed, the bytes. Needs a writing session.
    """
    _keep_others_out(session)
    removed = sum(_sweep_school(session, storage, school_id) for school_id in storage.schools())
    unused = and_(
        Blob.created_at <= now - grace,
        ~exists().where(EvidenceVersion.school_id == Blob.school_id, EvidenceVersion.sha256 == Blob.sha256),
        ~exists().where(FindingPhoto.school_id == Blob.school_id, FindingPhoto.sha256 == Blob.sha256),
    )
    derivations.forget(session, unused)
    session.execute(delete(Blob).where(unused))
    return removed


def sweep_unknown(session: Session, storage: Storage, *, school_id: int) -> int:
    """Delete a school's stored bytes that no row knows at all; returns how many. Needs a writing session."""
    _keep_others_out(session)
    return _sweep_school(session, storage, school_id)


def _keep_others_out(session: Session) -> None:
    """New files wait until a sweep is through; SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE blobs, derivations, errands IN EXCLUSIVE MODE"))


def _sweep_school(session: Session, storage: Storage, school_id: int) -> int:
    known = set(session.scalars(select(Blob.sha256).where(Blob.school_id == school_id)))
    known |= derivations.digests_kept(session, school_id=school_id)
    known |= errands.digests_kept(session, school_id=school_id)
    # An upload that is being concluded at this moment has its bytes stored and its row still to come.
    arriving = set(
        session.scalars(
            select(Upload.length).where(
                Upload.school_id == school_id, Upload.finished_at.is_(None), Upload.refusal.is_(None)
            )
        )
    )
    unknown = [digest for digest in storage.digests(school_id) if digest not in known]
    dead = [digest for digest in unknown if storage.size(school_id, digest) not in arriving]
    for digest in dead:
        storage.delete(school_id, digest)
    return len(dead)
