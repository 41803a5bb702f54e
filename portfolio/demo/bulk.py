"""Large sets for benchmarks: many schools with much evidence each, written in bulk, their trail as well."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.db import Base, new_id
from portfolio.demo import content, days, files
from portfolio.demo.applicant import Applicant, described, enter
from portfolio.demo.claims import Draft, drafts_for
from portfolio.demo.content import DemoPerson
from portfolio.demo.days import OPENS, Agenda, on
from portfolio.demo.judging import Judging
from portfolio.demo.materials import materials_for
from portfolio.demo.setting import Setting
from portfolio.demo.stocking import store_all
from portfolio.demo.verdicts import EXPERTS
from portfolio.models import (
    AuditEvent,
    Blob,
    Citation,
    Evidence,
    EvidenceVersion,
    EvidenceYear,
    Role,
    SelfAssessment,
)
from portfolio.policy import Actor
from portfolio.services import search_index
from portfolio.services.evidence import Description, StoredFile
from rubric.scoring import format_score

MODEL = 1  # the school of the demo whose texts and scores a large set borrows
SUBMITTED = 2  # so many schools are complete; the others are drafting
BEGUN = 31  # elements that an expert has scored who is in the midst of it
_STAFF = ((Role.LEAD, "负责人"), (Role.PRINCIPAL, "校长"), (Role.CONTRIBUTOR, "资料员"))
_REMARK = "佐证本项要求，见第一页"
Row = dict[str, Any]


class _Batch:
    """Rows of one school, to be written together in the order of their tables' first."""

    def __init__(self) -> None:
        self._rows: dict[type[Base], list[Row]] = {}
        self._events: list[Row] = []

    def add(self, table: type[Base], **columns: object) -> None:
        """A row."""
        self._rows.setdefault(table, []).append(columns)

    def record(
        self,
        action: Action,
        subject: tuple[str, int],
        *,
        at: datetime,
        actor: Actor,
        school_id: int,
        after: Row,
        before: Row | None = None,
    ) -> None:
        """An event of the trail, as the service that does the same would record it."""
        self._events.append(
            {
                "at": at,
                "actor_id": actor.user_id,
                "action": action.value,
                "subject_type": subject[0],
                "subject_id": subject[1],
                "school_id": school_id,
                "before": before,
                "after": after,
            }
        )

    def write(self, session: Session) -> None:
        """Insert everything, events in the order of time."""
        for table, rows in self._rows.items():
            session.execute(insert(table), rows)
        session.execute(insert(AuditEvent), sorted(self._events, key=itemgetter("at")))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of evidence to be written, and the elements that cite it."""

    file: StoredFile
    description: Description
    elements: tuple[str, ...]
    at: datetime


def fill(setting: Setting, folder: Path, *, schools: int, evidence: int) -> None:
    """So many schools with so much evidence each, every element cited.

    The first has submitted: of its reviews one is handed in, one complete, one begun. The second's are in
    and its table is open, so that it can be settled. The others are drafting, some further than others.
    """
    applicants = [_enter(setting, number) for number in range(1, schools + 1)]
    for number, applicant in enumerate(applicants, start=1):
        paths = _write_files(folder, first=number * evidence, amount=evidence)
        stored = store_all(setting.storage, applicant.school.id, paths)
        batch = _Batch()
        for piece in _pieces(setting, stored):
            _collect(batch, applicant, piece)
        _score(setting, batch, applicant, drafts_for(MODEL)[: _scored(number)])
        batch.write(setting.session)
        search_index.index_words_of(setting.session, school_id=applicant.school.id)
    _review(setting, applicants[:SUBMITTED])


def _enter(setting: Setting, number: int) -> Applicant:
    """A school named by its number, with one person in each role."""
    key = f"school{number:02}"
    school = replace(content.schools()[MODEL], key=key, name=f"示例第{number:02}小学")
    people = [DemoPerson(f"{title}{number:02}", f"{key}.{role}", role, key) for role, title in _STAFF]
    return enter(setting, school, people, joins_at=on(OPENS, days=0, at="9:30"))


def _write_files(folder: Path, *, first: int, amount: int) -> list[Path]:
    """Tiny PDFs, numbered from `first` on, so that no two schools have the same."""
    paths = [folder / f"佐证材料{number:04}.pdf" for number in range(1, amount + 1)]
    for number, path in enumerate(paths, start=first):
        path.write_bytes(files.make_small(number))
    return paths


def _pieces(setting: Setting, stored: Sequence[StoredFile]) -> list[_Piece]:
    """Evidence for the files, described as the model school describes its own."""
    materials = materials_for(MODEL)
    codes = [draft.element for draft in drafts_for(MODEL)]
    moments = days.spread(*_term(setting), len(stored))
    pieces = []
    for number, (file, at) in enumerate(zip(stored, moments, strict=True)):
        said = described(materials[number % len(materials)])
        year = setting.cycle.school_year - number % 3
        description = replace(
            said,
            title=f"{said.title}（{number + 1}）",
            years=frozenset({year}),
            date=date(year, 9, 1 + number % 28),
        )
        # few files back many elements each, many files back one each
        cited = {codes[number % len(codes)], *codes[number :: len(stored)]}
        pieces.append(_Piece(file, description, tuple(sorted(cited)), at))
    return pieces


def _term(setting: Setting) -> tuple[datetime, datetime]:
    """When the schools of a large set were at work."""
    return on(OPENS, days=3, at="9:00"), on(setting.present, days=-20, at="10:30")


def _scored(number: int) -> int:
    """How many elements a school has scored."""
    every = len(drafts_for(MODEL))
    return every if number <= SUBMITTED else every - number * 11 % 60


def _collect(batch: _Batch, applicant: Applicant, piece: _Piece) -> None:
    """A piece of evidence and its citations."""
    file, said, at = piece.file, piece.description, piece.at
    school_id, uploader = applicant.school.id, applicant.staff.contributors[0]
    evidence_id = new_id()
    batch.add(
        Blob,
        school_id=school_id,
        sha256=file.sha256,
        size=file.size,
        media_type=file.media_type,
        storage=file.storage,
        created_at=at,
    )
    batch.add(
        Evidence,
        id=evidence_id,
        school_id=school_id,
        title=said.title,
        kind=said.kind,
        date=said.date,
        remark=said.remark,
        created_by=uploader.user_id,
        created_at=at,
        version=1,
    )
    for year in said.years:
        batch.add(EvidenceYear, evidence_id=evidence_id, year=year)
    batch.add(
        EvidenceVersion,
        evidence_id=evidence_id,
        number=1,
        school_id=school_id,
        sha256=file.sha256,
        filename=file.filename,
        reason="",
        uploaded_by=uploader.user_id,
        uploaded_at=at,
    )
    batch.record(
        Action.EVIDENCE_ADDED,
        ("evidence", evidence_id),
        at=at,
        actor=uploader,
        school_id=school_id,
        after={
            "title": said.title,
            "kind": said.kind.value,
            "years": sorted(said.years),
            "date": said.date.isoformat() if said.date else None,
            "remark": said.remark,
            "filename": file.filename,
            "sha256": file.sha256,
        },
    )
    for code in piece.elements:
        _cite(batch, applicant, piece, evidence_id, code)


def _cite(batch: _Batch, applicant: Applicant, piece: _Piece, evidence_id: int, code: str) -> None:
    """A citation of the file's one page."""
    citation_id, uploader = new_id(), applicant.staff.contributors[0]
    passage = {
        "element": code,
        "evidence_id": evidence_id,
        "page_from": 1,
        "page_to": None,
        "remark": _REMARK,
    }
    batch.add(
        Citation,
        id=citation_id,
        dossier_id=applicant.dossier.id,
        cited_by=uploader.user_id,
        cited_at=piece.at,
        **passage,
    )
    batch.record(
        Action.CITED,
        ("citation", citation_id),
        at=piece.at,
        actor=uploader,
        school_id=applicant.school.id,
        after={**passage, "title": piece.description.title},
    )


def _score(setting: Setting, batch: _Batch, applicant: Applicant, drafts: Sequence[Draft]) -> None:
    """The lead's scores and justifications, written at once; their events join the batch."""
    session, lead = setting.session, applicant.staff.lead
    mine = SelfAssessment.dossier_id == applicant.dossier.id
    rows = session.execute(select(SelfAssessment.element, SelfAssessment.id).where(mine))
    ids = {row.element: row.id for row in rows}
    moments = days.spread(*_term(setting), len(drafts))
    session.execute(
        update(SelfAssessment),
        [
            {
                "id": ids[draft.element],
                "score": draft.score,
                "justification": draft.justification,
                "version": 1,
                "saved_at": at,
                "saved_by": lead.user_id,
            }
            for draft, at in zip(drafts, moments, strict=True)
        ],
    )
    for draft, at in zip(drafts, moments, strict=True):
        score = None if draft.score is None else format_score(draft.score)
        batch.record(
            Action.ELEMENT_SCORED,
            ("dossier", applicant.dossier.id),
            at=at,
            actor=lead,
            school_id=applicant.school.id,
            before={"score": None, "justification": ""},
            after={"element": draft.element, "score": score, "justification": draft.justification},
        )


def _review(setting: Setting, applicants: Sequence[Applicant]) -> None:
    """The complete schools submit, and the experts come as far as `fill` says."""
    present, agenda = setting.present, Agenda()
    every = len(drafts_for(MODEL))
    done, handed_in = [(every, every, BEGUN), (every, every, every)], [(0,), (0, 1, 2)]
    for number, applicant in enumerate(applicants):
        agenda.add(on(present, days=-20, at="11:00"), applicant.share_out)
        applicant.plan_submission(
            agenda,
            handed_over_at=on(present, days=-20, at="15:20"),
            signed_at=on(present, days=-19, at="9:10"),
        )
        judging = Judging(setting, applicant, MODEL)
        judging.plan_assignment(agenda, on(present, days=-17, at="10:00"))
        for expert, amount in enumerate(done[number]):
            judging.plan_review(
                agenda,
                expert,
                on(present, days=-14, at="9:00"),
                on(present, days=-6, at="16:00"),
                done=amount,
            )
        for expert in handed_in[number]:
            judging.plan_handing_in(agenda, expert, on(present, days=-6, at="16:30"))
        if len(handed_in[number]) == EXPERTS:
            agenda.add(on(present, days=-6, at="17:00"), judging.open_table)
    agenda.play()
