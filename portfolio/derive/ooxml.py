"""ZIP packages of XML, as Word, Excel and PowerPoint write them (ECMA-376), opened with suspicion."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal
from xml.parsers import expat

from lxml import etree  # type: ignore[import-untyped]

from portfolio.containers import COMPOUND_MAGIC, ContainerDamaged, archive_names, compound_names
from portfolio.derive.results import MIB, Limits, Unworkable

_IS_ENCRYPTED = 0x1  # ZIP general purpose flag
_FREELY_EXPANDED = 8 * MIB  # bytes below which no ratio is suspicious
_PIECE = 16 * 1024
_XML = (".xml", ".rels")

PageBreak = Literal[1, 2]
RENDERED: PageBreak = 1  # where Word last began a new page
FORCED: PageBreak = 2  # where the author did


@dataclass(frozen=True, slots=True)
class Relationship:
    """What one part refers to inside the package; `kind` is the last word of its type."""

    kind: str
    target: str


class Package:
    """An open package whose size and declarations have been found harmless."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = frozenset(archive.namelist())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def part(self, name: str) -> IO[bytes]:
        """A part's bytes. Raises Unworkable if there is none."""
        try:
            return self._archive.open(name)
        except KeyError as error:
            raise Unworkable("unreadable", f"no part {name}") from error

    def main_part(self) -> str:
        """The name of the document itself."""
        for relationship in self.relationships("").values():
            if relationship.kind == "officeDocument":
                return relationship.target
        raise Unworkable("unreadable", "no document in the package")

    def relationships(self, name: str) -> dict[str, Relationship]:
        """What a part refers to, by id; nothing outside the package."""
        folder, base = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if rels not in self:
            return {}
        found: dict[str, Relationship] = {}
        with self.part(rels) as stream:
            for element in _elements(stream, "{*}Relationship"):
                if element.get("TargetMode") != "External":
                    kind = element.get("Type", "").rpartition("/")[2]
                    target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", "")))
                    found[element.get("Id", "")] = Relationship(kind, target.lstrip("/"))
        return found

    def references(self, name: str, tag: str) -> Iterator[str]:
        """The relationship ids that elements `tag` of a part carry, in their order."""
        with self.part(name) as stream:
            for element in _elements(stream, f"{{*}}{tag}"):
                for key, value in element.attrib.items():
                    if key.startswith("{") and key.endswith("}id"):
                        yield value

    def paragraphs(self, name: str) -> Iterator[list[str | PageBreak]]:
        """Each paragraph of a part as its pieces of text and breaks, in the order of the document."""
        with self.part(name) as stream:
            for paragraph in _elements(stream, "{*}p"):
                # Fallback repeats the text box beside it for older programs.
                if next(paragraph.iterancestors("{*}Fallback"), None) is None:
                    yield list(_pieces(paragraph))


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[Package]:
    """The package at `path`, after a look at what it would cost and declare. Raises Unworkable."""
    _refuse_encrypted_container(path)
    try:
        archive_names(path)  # refuses a directory that is a bomb by itself
        with zipfile.ZipFile(path) as archive:
            _refuse_bombs(archive, path.stat().st_size, limits)
            _refuse_declarations(archive)
            yield Package(archive)
    except (ContainerDamaged, zipfile.BadZipFile, etree.XMLSyntaxError, expat.ExpatError) as error:
        raise Unworkable("unreadable", str(error)) from error


def _refuse_encrypted_container(path: Path) -> None:
    with path.open("rb") as file:
        is_compound = file.read(len(COMPOUND_MAGIC)) == COMPOUND_MAGIC
    try:
        if is_compound and "EncryptedPackage" in compound_names(path):  # [MS-OFFCRYPTO] 2.3.4.4
            raise Unworkable("encrypted", "EncryptedPackage")
    except ContainerDamaged as error:
        raise Unworkable("unreadable", str(error)) from error


def _refuse_bombs(archive: zipfile.ZipFile, size: int, limits: Limits) -> None:
    """Refuse by the sizes in the directory: zipfile reads no entry further than its directory says."""
    entries = archive.infolist()
    if any(entry.flag_bits & _IS_ENCRYPTED for entry in entries):
        raise Unworkable("encrypted", "ZIP entries")
    expanded = sum(entry.file_size for entry in entries)
    if expanded > limits.expanded_bytes or _is_suspicious(expanded, size, limits):
        raise Unworkable("expands_too_much", f"{size} to {expanded} bytes")
    for entry in entries:
        if entry.filename.endswith(_XML) and (
            entry.file_size > limits.part_bytes
            or _is_suspicious(entry.file_size, entry.compress_size, limits)
        ):
            raise Unworkable("expands_too_much", f"{entry.filename}: {entry.file_size} bytes")


def _is_suspicious(expanded: int, stored: int, limits: Limits) -> bool:
    return expanded > _FREELY_EXPANDED and expanded > stored * limits.ratio


class _RootBegins(Exception):
    pass


def _refuse_declarations(archive: zipfile.ZipFile) -> None:
    """Refuse document type declarations, by which XML reads other files or grows; the format forbids them."""
    for name in archive.namelist():
        if name.endswith(_XML):
            with archive.open(name) as part:
                _refuse_declaration(part, name)


def _refuse_declaration(part: IO[bytes], name: str) -> None:
    def declared(*_: object) -> None:
        raise Unworkable("unreadable", f"{name} declares a document type")

    def begun(*_: object) -> None:
        raise _RootBegins

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = begun
    try:
        while piece := part.read(_PIECE):
            parser.Parse(piece, False)
    except _RootBegins:
        return


def _elements(stream: IO[bytes], tag: str) -> Iterator[etree._Element]:
    """Elements as they end, emptied afterwards, so that a long part takes little memory."""
    for _, element in etree.iterparse(
        stream, events=("end",), tag=tag, resolve_entities=False, no_network=True, load_dtd=False
    ):
        yield element
        element.clear(keep_tail=True)


def _pieces(paragraph: etree._Element) -> Iterator[str | PageBreak]:
    for element in paragraph.iter("{*}t", "{*}tab", "{*}br", "{*}cr", "{*}lastRenderedPageBreak"):
        match etree.QName(element).localname:
            case "t":
                yield element.text or ""
            case "tab":
                if (
                    etree.QName(element.getparent()).localname != "tabs"
                ):  # there it is a stop, not a character
                    yield "\t"
            case "br" if any(value == "page" for value in element.attrib.values()):
                yield FORCED
            case "br" | "cr":
                yield "\n"
            case _:
                yield RENDERED
