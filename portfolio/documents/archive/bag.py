"""The archive of a package: a bag (RFC 8493) of its files, its manifest, the forms and a page to read it all with."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from portfolio.documents import form_docx, form_pdf, form_xlsx
from portfolio.documents.archive import viewer
from portfolio.documents.archive.contents import PAYLOAD, Contents, Filed, Submitted
from portfolio.documents.archive.stamp import STAMP
from portfolio.documents.archive.zipping import Member, SizeChanged, Zip
from portfolio.documents.form import Scores, Sheet, Shown
from portfolio.errors import DomainError
from portfolio.storage import BlobMissing, Storage

PIECE = 1024 * 1024  # bytes read at once
AHEAD = 8 * PIECE  # bytes of the next file
# An archive up to this size is read once before its first byte is sent: what is wrong is then said on a page.
READ_BEFORE = 64 * 1024 * 1024
MANIFEST = f"{PAYLOAD}/manifest.json"
RUBRIC = f"{PAYLOAD}/rubric.json"
VIEWER = "index.html"
SEE_ALSO = "参见.txt"


@dataclass(frozen=True, slots=True)
class Archive:
    """A ZIP that can be sent, as often as asked for: always the same bytes. `tag` names them."""

    name: str
    zip: Zip
    tag: str

    def pieces(self) -> Iterator[bytes]:
        """Its bytes. Raises DomainError (bytes_missing, bytes_changed) with the title of a file that isn't whole."""
        return iter(self.zip)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of the bag, with its digest."""

    path: str
    size: int
    sha256: str
    begin: Callable[[], Iterable[bytes]]


def archive(contents: Contents, storage: Storage, *, school_id: int) -> Archive:
    """The package as it leaves the house. Raises DomainError (bytes_missing, bytes_changed) with the file's title."""
    sizes = _sizes(contents.files, storage, school_id)
    following = (*contents.files[1:], None)[: len(contents.files)]
    stored = [
        _Entry(file.path, sizes[file.id], file.sha256, partial(_whole, file, after, storage, school_id))
        for file, after in zip(contents.files, following, strict=True)
    ]
    if sum(entry.size for entry in stored) <= READ_BEFORE:
        for entry in stored:
            _read_through(entry)
    payload = [*_made(contents), *stored]
    tags = _tag_files(contents, payload)
    members = [Member(f"{contents.name}/{e.path}", e.size, e.begin) for e in (*tags, *payload)]
    return Archive(contents.name, Zip(members, at=contents.signed_at), tag=tags[-1].sha256)


def _sizes(files: Sequence[Filed], storage: Storage, school_id: int) -> dict[str, int]:
    """The size of what goes out for each file, by its id; a missing one is named before anything is sent."""
    there: set[str] | None = None
    sizes = {}
    for file in files:
        try:
            path = storage.local_path(school_id, file.sha256)
        except BlobMissing as error:
            raise DomainError("bytes_missing", title=file.title) from error
        if path is not None:
            sizes[file.id] = path.stat().st_size
        else:
            # remote: one listing instead of a question a file
            there = set(storage.digests(school_id)) if there is None else there
            if file.sha256 not in there:
                raise DomainError("bytes_missing", title=file.title)
            sizes[file.id] = (storage.size(school_id, file.sha256) or 0) if file.copied else file.size
        if not file.copied and sizes[file.id] != file.size:
            raise DomainError("bytes_changed", title=file.title)
    return sizes


def _whole(file: Filed, after: Filed | None, storage: Storage, school_id: int) -> Iterator[bytes]:
    """A file's bytes, hashed on their way out: bytes that aren't those signed end the archive."""
    digest = hashlib.sha256()
    if after is not None:
        _read_ahead(after, storage, school_id)
    try:
        with storage.open(school_id, file.sha256) as stored:
            while piece := stored.read(PIECE):
                digest.update(piece)
                yield piece
    except BlobMissing as error:
        raise DomainError("bytes_missing", title=file.title) from error
    if digest.hexdigest() != file.sha256:
        raise DomainError("bytes_changed", title=file.title)


def _read_ahead(file: Filed, storage: Storage, school_id: int) -> None:
    """Let the disk fetch the next file's beginning while this one is hashed and sent; only a hint."""
    if not hasattr(os, "posix_fadvise"):
        return
    with suppress(BlobMissing, OSError):
        if (path := storage.local_path(school_id, file.sha256)) is not None:
            with path.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, AHEAD, os.POSIX_FADV_WILLNEED)


def _read_through(entry: _Entry) -> None:
    for _piece in entry.begin():
        pass


def _made(contents: Contents) -> Iterator[_Entry]:
    """The payload that isn't evidence: manifest, rubric, forms, and where to find what is filed elsewhere."""
    yield _text(MANIFEST, contents.manifest)
    yield _text(RUBRIC, _canonical(contents.rubric.official()))
    if contents.timestamp is not None:
        yield _bytes(STAMP, contents.timestamp)
    sheet = _sheet(contents)
    for extension, write in (
        ("docx", form_docx.document),
        ("xlsx", form_xlsx.workbook),
        ("pdf", form_pdf.document),
    ):
        yield _bytes(f"{PAYLOAD}/评估细则.{extension}", write(sheet))
    for element in contents.elements.values():
        if elsewhere := _see_also(element):
            yield _text(f"{element.folder}/{SEE_ALSO}", elsewhere)


def _sheet(contents: Contents) -> Sheet:
    return Sheet(
        rubric=contents.rubric,
        school=contents.school,
        cycle=contents.cycle,
        scores={code: Scores(own=element.score) for code, element in contents.elements.items()},
        shown=Shown.SELF,
        footnote=f"申报包 {contents.number} 号　SHA-256 {contents.digest}",
        at=contents.signed_at,
    )


def _see_also(element: Submitted) -> str:
    """The files that an element cites and that are filed under another; as Windows' editor reads text."""
    up = element.folder.count("/")
    lines = [
        f"{cited.number}　{cited.file.title}　见 {'../' * up}{cited.file.path.removeprefix(f'{PAYLOAD}/')}"
        for cited in element.citations
        if not cited.here
    ]
    return "\ufeff" + "\r\n".join(lines) + "\r\n" if lines else ""


def _tag_files(contents: Contents, payload: Sequence[_Entry]) -> list[_Entry]:
    """The files that make it a bag, and the page; the digests of all of them come last."""
    info = {
        "Source-Organization": contents.school,
        "External-Description": f"{contents.cycle}　申报包 {contents.number} 号",
        "External-Identifier": f"sha256:{contents.digest}",
        "Bagging-Date": contents.signed_at.date().isoformat(),
        "Payload-Oxum": f"{sum(entry.size for entry in payload)}.{len(payload)}",
    }
    tags = [
        _text("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"),
        _text("bag-info.txt", "".join(f"{key}: {' '.join(value.split())}\n" for key, value in info.items())),
        _text("manifest-sha256.txt", _digests(payload)),
        _text(VIEWER, viewer.page(contents)),
    ]
    return [*tags, _text("tagmanifest-sha256.txt", _digests(tags))]


def _digests(entries: Sequence[_Entry]) -> str:
    return "".join(f"{entry.sha256}  {entry.path}\n" for entry in entries)


def _text(path: str, text: str) -> _Entry:
    return _bytes(path, text.encode())


def _bytes(path: str, data: bytes) -> _Entry:
    return _Entry(path, len(data), hashlib.sha256(data).hexdigest(), lambda: [data])


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


__all__ = ["MANIFEST", "RUBRIC", "VIEWER", "Archive", "SizeChanged", "archive"]
