"""The demo's schools and people, and the files that their words are read from; nothing here is stored or drawn."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from portfolio.demo.placeholders import HeadCount, Wording

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class DemoPerson:
    """Somebody with an account; `school` is the school's key, None for the panel and the bureau."""

    name: str
    username: str
    role: str
    school: str | None = None


@dataclass(frozen=True)
class DemoSchool:
    """One invented school; `stage` is drafting, review or published."""

    key: str
    name: str
    district: str
    stage: str
    level: str
    boarding: bool
    grades: tuple[str, ...]
    pupils: int
    teachers: int
    classes: int


@lru_cache(maxsize=1)
def schools() -> tuple[DemoSchool, ...]:
    """The three schools: drafting, under review, published."""
    data = read("schools.yaml")
    return tuple(_school(entry, data["district"]) for entry in data["schools"])


def people(school_index: int) -> tuple[DemoPerson, ...]:
    """A school's lead, principal and two contributors."""
    entry = school_entry(school_index)
    return tuple(
        DemoPerson(
            entry["staff"][account["staff"]],
            f"{entry['key']}.{account['suffix']}",
            account["role"],
            entry["key"],
        )
        for account in read("schools.yaml")["accounts"]
    )


def panel() -> tuple[DemoPerson, ...]:
    """Three experts and their chair."""
    return tuple(DemoPerson(**entry) for entry in read("schools.yaml")["panel"])


def district_office() -> tuple[DemoPerson, ...]:
    """The bureau's and the observer's account."""
    return tuple(DemoPerson(**entry) for entry in read("schools.yaml")["district_office"])


@lru_cache(maxsize=16)
def read(name: str) -> Any:
    """One data file of this folder."""
    return yaml.load((DATA / name).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def school_entry(school_index: int) -> dict[str, Any]:
    """A school as its file has it."""
    entry: dict[str, Any] = read("schools.yaml")["schools"][school_index]
    return entry


def _school(entry: dict[str, Any], district: str) -> DemoSchool:
    figures = entry["figures"]
    return DemoSchool(
        key=entry["key"],
        name=entry["name"],
        district=district,
        stage=entry["stage"],
        level=entry["level"],
        boarding=entry["boarding"],
        grades=tuple(entry["grades"]),
        pupils=figures["pupils"],
        teachers=figures["teachers"],
        classes=figures["classes"],
    )


def wording_of(school_index: int) -> Wording:
    """Every placeholder a school's texts may use."""
    entry = school_entry(school_index)
    counts = {name: HeadCount(count) for name, count in entry["figures"].items()}
    return Wording(
        {"school": entry["name"], "level": entry["level"], **entry["wording"], **entry["staff"], **counts}
    )
