"""A whole city for benchmarks: thousands of schools, each drafting, their trail as well, written in bulk.

Every school has a few files of its own, which many pieces of evidence share; its lead has no password yet.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, text

from portfolio.audit import Action
from portfolio.db import Base, new_id
from portfolio.demo import days, files
from portfolio.demo.claims import Draft, drafts_for
from portfolio.demo.days import OPENS, on
from portfolio.demo.materials import Material, materials_for
from portfolio.demo.setting import Setting
from portfolio.demo.stocking import store_all
from portfolio.models import (
    AuditEvent,
    Blob,
    Citation,
    Dossier,
    DossierState,
    Evidence,
    EvidenceVersion,
    EvidenceYear,
    Membership,
    Role,
    School,
    SelfAssessment,
    Stage,
    User,
)
from portfolio.services import search_index
from portfolio.services.evidence import StoredFile
from rubric.scoring import format_score

PIECES, CITED_IN = 60, 5  # of evidence a school, and the elements that cite each: 300 citations
FILES = 3  # a school
WRITTEN_AT_ONCE = 100  # schools
MODEL = 1  # the school of the demo whose evidence and scores the city borrows
_SIGNING = 25  # of so many schools one waits for its principal's signature
_SMALLEST_STEP = Decimal("0.1")
_JUSTIFICATION = "{element}：制度健全，近三年过程记录完整，按学期归档，成效明显。"
_REMARK = "佐证本项要求，见第一页"
_DISTRICTS = [
    "新城区",
    "碑林区",
    "莲湖区",
    "灞桥区",
    "未央区",
    "雁塔区",
    "阎良区",
    "临潼区",
    "长安区",
    "高陵区",
    "鄠邑区",
    "蓝田县",
    "周至县",
]
_CACHE = "PRAGMA cache_size = -400000"  # kB: indexes over random ids don't fit into SQLite's 2 MB
Row = dict[str, Any]
Made = dict[type[Base], list[Row]]  # rows by their table, in the order they are written in


@dataclass(frozen=True, slots=True)
class _Place:
    """A school to be written, numbered from 1; ids of what others refer to."""

    number: int
    school_id: int
    dossier_id: int
    lead_id: int
    files: Sequence[StoredFile]


def fill(setting: Setting, folder: Path, numbers: Iterable[int]) -> None:
    """Schools of these numbers, with 84 self-assessments and 300 citations each, some further than others."""
    session = setting.session
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text(_CACHE))
    left = iter(numbers)
    while some := list(islice(left, WRITTEN_AT_ONCE)):
        places = [_place(setting, folder, number) for number in some]
        for table, rows in _tables(setting, places):
            session.execute(insert(table), rows)
        for place in places:
            search_index.index_words_of(session, school_id=place.school_id)


def _place(setting: Setting, folder: Path, number: int) -> _Place:
    school_id = new_id()
    paths = [folder / f"佐证材料{number:05}-{place}.pdf" for place in range(1, FILES + 1)]
    for place, path in enumerate(paths):
        path.write_bytes(files.make_small(number * FILES + place))
    return _Place(number, school_id, new_id(), new_id(), store_all(setting.storage, school_id, paths))


def _tables(setting: Setting, places: Sequence[_Place]) -> Iterator[tuple[Table, list[Row]]]:
    """All rows, in the order in which they may be written."""
    start, end = on(OPENS, days=3, at="9:00"), on(setting.present, days=-1, at="17:00")
    made: Made = {
        row: []
        for row in (
            School, User, Membership, Dossier, Blob, Evidence, EvidenceYear, EvidenceVersion, Citation,
            SelfAssessment, AuditEvent,
        )
    }  # fmt: skip
    for place in places:
        _enter(made, setting, place, start)
        cited = _collect(made, place, days.spread(start, end, PIECES))
        _score(made, place, len(cited), end)
    made[AuditEvent].sort(key=itemgetter("at"))
    for row, rows in made.items():
        table = row.__table__
        assert isinstance(table, Table)
        yield table, rows


def _enter(made: Made, setting: Setting, place: _Place, at: datetime) -> None:
    number = place.number
    signing = number % _SIGNING == 0
    name, district = f"示例第{number:04}小学", _DISTRICTS[number % len(_DISTRICTS)]
    made[School].append(
        {
            "id": place.school_id,
            "name": name,
            "district": district,
            "stage": Stage.PRIMARY,
            "boarding": False,
            "created_at": at,
        }
    )
    made[User].append(
        {
            "id": place.lead_id,
            "username": f"city{number:05}.lead",
            "name": f"负责人{number:04}",
            "created_at": at,
        }
    )
    made[Membership].append(
        {"id": new_id(), "user_id": place.lead_id, "role": Role.LEAD, "school_id": place.school_id}
    )
    made[Dossier].append(
        {
            "id": place.dossier_id,
            "school_id": place.school_id,
            "cycle_id": setting.cycle.id,
            "state": DossierState.SIGNING if signing else DossierState.DRAFTING,
            "handed_over_at": setting.present if signing else None,
            "handed_over_by": place.lead_id if signing else None,
            "created_at": at,
        }
    )
    added = {"name": name, "district": district, "stage": Stage.PRIMARY.value}
    _record(made, Action.SCHOOL_ADDED, ("school", place.school_id), setting.bureau.user_id, place, at, added)
    opened = {"cycle": setting.cycle.name}
    _record(
        made, Action.DOSSIER_OPENED, ("dossier", place.dossier_id), setting.bureau.user_id, place, at, opened
    )


def _collect(made: Made, place: _Place, moments: Sequence[datetime]) -> set[str]:
    """Evidence with its citations; returns the elements cited."""
    made[Blob] += [
        {
            "school_id": place.school_id,
            "sha256": file.sha256,
            "size": file.size,
            "media_type": file.media_type,
            "storage": file.storage,
            "created_at": moments[0],
        }
        for file in place.files
    ]
    materials = materials_for(MODEL)
    elements = _reached(place.number)
    cited: set[str] = set()
    for piece, at in zip(range(PIECES), moments, strict=True):
        evidence_id = new_id()
        material = materials[(piece + place.number) % len(materials)]
        _add_evidence(made, place, evidence_id, material, piece, at)
        first = piece * CITED_IN
        for element in {elements[(first + step) % len(elements)] for step in range(CITED_IN)}:
            cited.add(element)
            _cite(made, place, evidence_id, element, material, at)
    return cited


def _reached(number: int) -> list[str]:
    """The elements a school has evidence for: some schools for all, others for half of them."""
    codes = [draft.element for draft in drafts_for(MODEL)]
    turn = number * 5 % len(codes)
    return (codes[turn:] + codes[:turn])[: len(codes) - number * 7 % (len(codes) // 2)]


def _add_evidence(
    made: Made,
    place: _Place,
    evidence_id: int,
    material: Material,
    piece: int,
    at: datetime,
) -> None:
    file = place.files[piece % FILES]
    title = f"{material.title}（{piece + 1}）"
    years = sorted(material.school_years)
    made[Evidence].append(
        {
            "id": evidence_id,
            "school_id": place.school_id,
            "title": title,
            "kind": material.kind,
            "date": material.dated_on,
            "remark": "",
            "created_by": place.lead_id,
            "created_at": at,
            "version": 1,
        }
    )
    made[EvidenceYear] += [{"evidence_id": evidence_id, "year": year} for year in years]
    made[EvidenceVersion].append(
        {
            "id": new_id(),
            "evidence_id": evidence_id,
            "number": 1,
            "school_id": place.school_id,
            "sha256": file.sha256,
            "filename": file.filename,
            "reason": "",
            "uploaded_by": place.lead_id,
            "uploaded_at": at,
        }
    )
    said = {
        "title": title,
        "kind": material.kind,
        "years": years,
        "date": material.dated_on.isoformat(),
        "remark": "",
        "filename": file.filename,
        "sha256": file.sha256,
    }
    _record(made, Action.EVIDENCE_ADDED, ("evidence", evidence_id), place.lead_id, place, at, said)


def _cite(
    made: Made,
    place: _Place,
    evidence_id: int,
    element: str,
    material: Material,
    at: datetime,
) -> None:
    citation_id = new_id()
    passage = {
        "element": element,
        "evidence_id": evidence_id,
        "page_from": 1,
        "page_to": None,
        "remark": _REMARK,
    }
    made[Citation].append(
        {
            "id": citation_id,
            "dossier_id": place.dossier_id,
            "cited_by": place.lead_id,
            "cited_at": at,
            **passage,
        }
    )
    _record(
        made,
        Action.CITED,
        ("citation", citation_id),
        place.lead_id,
        place,
        at,
        passage | {"title": material.title},
    )


def _score(made: Made, place: _Place, reached: int, end: datetime) -> None:
    """Every element's row; a school that has more evidence has scored more."""
    drafts = drafts_for(MODEL)
    written = min(len(drafts), reached + place.number * 3 % 40)
    minute = count()
    for position, draft in enumerate(drafts):
        score = _claim(place.number, position, draft) if position < written else None
        words = _JUSTIFICATION.format(element=draft.element) if score is not None else ""
        at = end - timedelta(minutes=next(minute))
        made[SelfAssessment].append(
            {
                "id": new_id(),
                "dossier_id": place.dossier_id,
                "element": draft.element,
                "score": score,
                "justification": words,
                "version": int(score is not None),
                "saved_at": at if score is not None else None,
                "saved_by": place.lead_id if score is not None else None,
            }
        )
        if score is not None:
            after = {"element": draft.element, "score": format_score(score), "justification": words}
            _record(
                made,
                Action.ELEMENT_SCORED,
                ("dossier", place.dossier_id),
                place.lead_id,
                place,
                at,
                after,
                before={"score": None, "justification": ""},
            )


def _claim(number: int, position: int, draft: Draft) -> Decimal:
    """The model's score, less by up to five steps: by more in some schools than in others."""
    less = _SMALLEST_STEP * ((number * 7 + position * (1 + number % 11)) % (2 + number % 5))
    return max((draft.score or _SMALLEST_STEP * 5) - less, Decimal(0))


def _record(
    made: Made,
    action: Action,
    subject: tuple[str, int],
    actor_id: int,
    place: _Place,
    at: datetime,
    after: Row,
    *,
    before: Row | None = None,
) -> None:
    """An event of the trail, as the service that does the same would record it."""
    made[AuditEvent].append(
        {
            "at": at,
            "actor_id": actor_id,
            "action": action.value,
            "subject_type": subject[0],
            "subject_id": subject[1],
            "school_id": place.school_id,
            "before": before,
            "after": after,
        }
    )
