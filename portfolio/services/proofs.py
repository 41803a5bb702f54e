"""Citing a measure's result: the file that proves its figures, at its page, with a remark that states the result."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import Citation, Dossier, Evidence
from portfolio.policy import Actor
from portfolio.queries.proven import ProvingFile, proofs_of
from portfolio.services import citations
from portfolio.services.citations import LONGEST_REMARK, Passage
from rubric.measures import MeasureResult

_BETWEEN = "；"


def cite_result(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    element: str,
    result: MeasureResult,
    evidence_id: int,
    words: str,
) -> tuple[Citation, Passage | None]:
    """Cite a file that proves a result, `words` stating it; the citation, and what stood in it where there was one.

    A file that the element cites already keeps its remark and pages: the result and its pages are added.
    Raises DomainError (no_proof, awaiting_signature, text_too_long).
    """
    # whoever cites the same file at the same moment waits here, and then adds to that citation
    session.execute(select(Evidence.id).where(Evidence.id == evidence_id).with_for_update())
    proofs = proofs_of(session, dossier, element, [result]).get(result.measure.code)
    file = next((each for each in proofs.files if each.evidence_id == evidence_id), None) if proofs else None
    if file is None:
        raise DomainError("no_proof")
    passage = _passage(file, words)
    if file.citation is not None:
        stood = citations.change_citation(
            session, actor=actor, now=now, citation=file.citation, passage=passage
        )
        return file.citation, stood
    citation = citations.cite(
        session,
        actor=actor,
        now=now,
        dossier_id=dossier.id,
        element=element,
        evidence_id=evidence_id,
        passage=passage,
    )
    return citation, None


def _passage(file: ProvingFile, words: str) -> Passage:
    written = file.citation.remark if file.citation else ""
    remark = written if words in written else _BETWEEN.join(filter(None, [written, words]))
    if len(remark) > LONGEST_REMARK:
        raise DomainError("text_too_long", field="remark", longest=LONGEST_REMARK)
    return Passage(*file.pages_to_cite, remark)
