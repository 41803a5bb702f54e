"""The demo's files on their way into the store: as uploads, but several at a time."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from portfolio.demo import content, files
from portfolio.demo.applicant import SHOWN_ON_SITE, Stocked
from portfolio.demo.materials import Material, materials_for
from portfolio.services import blobs
from portfolio.services.evidence import StoredFile
from portfolio.storage import Storage

# Materials that were uploaded before they were finished: their first version lacks the last page.
_REVISED = frozenset({"curriculum-plan", "safety"})
_AT_ONCE = 4  # putting waits for a disk or a server


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A material's file on its way to the store; `draft` is the version before, where there was one."""

    material: Material
    path: Path
    draft: Path | None


def write_files(school_index: int, folder: Path) -> list[WrittenFile]:
    """A school's files, in a folder of its own inside the one given."""
    school = content.schools()[school_index]
    own = folder / school.key
    own.mkdir()
    return [
        WrittenFile(
            material,
            files.make(material, school.name, own),
            files.make(_first_version(material), school.name, own) if material.key in _REVISED else None,
        )
        for material in _materials(school_index)
    ]


def stock(storage: Storage, school_id: int, written: Sequence[WrittenFile]) -> list[Stocked]:
    """Put a school's files into the store, which consumes them. Raises DomainError as uploads do."""
    paths = [path for each in written for path in (each.path, each.draft) if path]
    stored = dict(zip(paths, store_all(storage, school_id, paths), strict=True))
    return [
        Stocked(each.material, stored[each.path], stored[each.draft] if each.draft else None)
        for each in written
    ]


def store_all(storage: Storage, school_id: int, paths: Iterable[Path]) -> list[StoredFile]:
    """Put files into the store, which consumes them: type found, hashed, named as they are.

    Raises DomainError as uploads do.
    """

    def store(path: Path) -> StoredFile:
        return blobs.store(path, filename=path.name, school_id=school_id, storage=storage)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(store, paths))


def _first_version(material: Material) -> Material:
    name = Path(material.file_name)
    return replace(material, pages=material.pages[:-1], file_name=f"{name.stem}（初稿）{name.suffix}")


def _materials(school_index: int) -> list[Material]:
    """A school's materials; a complete school cites none for what it shows on site."""
    materials = materials_for(school_index)
    if content.schools()[school_index].stage == "drafting":
        return list(materials)
    return [
        replace(material, citations=tuple(c for c in material.citations if c.element != SHOWN_ON_SITE))
        for material in materials
    ]
