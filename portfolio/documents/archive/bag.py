"""The archive of a package: a bag (RFC 8493) of its files, its manifest, the forms and a page to read it all with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portfolio.documents import form_docx, form_pdf, form_xlsx
from portfolio.documents.archive import viewer
from portfolio.documents.archive.ahead import ReadAhead
from portfolio.documents.archive.contents import PAYLOAD, Contents, Submitted
from portfolio.documents.archive.entries import (
    Entry,
    Kept,
    Sizes,
    canonical,
    of_bytes,
    of_text,
    tag_files,
)
from portfolio.documents.archive.stamp import STAMP
from portfolio.documents.archive.zipping import Member, SizeChanged, Zip
from portfolio.documents.form import Scores, Sheet, Shown
from portfolio.storage import Storage

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
    ahead: ReadAhead

    def pieces(self) -> Iterator[bytes]:
        """Its bytes. Raises DomainError (bytes_missing, bytes_changed) with the title of a file that isn't whole."""
        with self.ahead.running():
            yield from self.zip


def archive(
    contents: Contents, storage: Storage, *, school_id: int, read_before: int | None = None
) -> Archive:
    """The package as it leaves the house; one of up to `read_before` bytes is read through here already.

    Raises DomainError (bytes_missing, bytes_changed) with the file's title.
    """
    sizes = Sizes(storage, school_id)
    kept = [Kept(file.sha256, file.title) for file in contents.files]
    measured = [
        sizes.of(each, None if file.copied else file.size)
        for file, each in zip(contents.files, kept, strict=True)
    ]
    ahead = ReadAhead(storage, school_id, kept, measured)
    stored = ahead.entries([file.path for file in contents.files])
    if sum(entry.size for entry in stored) <= (READ_BEFORE if read_before is None else read_before):
        for entry in stored:
            _read_through(entry)
    payload = [*_made(contents), *stored]
    tags = _tag_files(contents, payload)
    members = [Member(f"{contents.name}/{e.path}", e.size, e.begin) for e in (*tags, *payload)]
    return Archive(contents.name, Zip(members, at=contents.signed_at), tags[-1].sha256, ahead)


def _read_through(entry: Entry) -> None:
    for _piece in entry.begin():
        pass


def _made(contents: Contents) -> Iterator[Entry]:
    """The payload that isn't evidence: manifest, rubric, forms, and where to find what is filed elsewhere."""
    yield of_text(MANIFEST, contents.manifest)
    yield of_text(RUBRIC, canonical(contents.rubric.official()))
    if contents.timestamp is not None:
        yield of_bytes(STAMP, contents.timestamp)
    sheet = _sheet(contents)
    for extension, write in (
        ("docx", form_docx.document),
        ("xlsx", form_xlsx.workbook),
        ("pdf", form_pdf.document),
    ):
        yield of_bytes(f"{PAYLOAD}/评估细则.{extension}", write(sheet))
    for element in contents.elements.values():
        if elsewhere := _see_also(element):
            yield of_text(f"{element.folder}/{SEE_ALSO}", elsewhere)


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


def _tag_files(contents: Contents, payload: Sequence[Entry]) -> list[Entry]:
    """The files that make it a bag, and the page."""
    info = {
        "Source-Organization": contents.school,
        "External-Description": f"{contents.cycle}　申报包 {contents.number} 号",
        "External-Identifier": f"sha256:{contents.digest}",
        "Bagging-Date": contents.signed_at.date().isoformat(),
    }
    return tag_files(info, payload, of_text(VIEWER, viewer.page(contents)))


__all__ = ["MANIFEST", "RUBRIC", "VIEWER", "Archive", "SizeChanged", "archive"]
