"""Elements a file may belong to: read from codes in its path, or suggested for a person to accept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.models import Cycle, Dossier
from portfolio.queries.uncited import cited_so_far, first_texts
from rubric.codes import candidates_in_path, codes_in_path
from rubric.model import Rubric
from rubric.suggest import Suggester, Suggestion
from rubric.words import words_for

_NAMED = 100.0  # the score of a code that a person wrote there; words never reach it
_FOLDER = 1.0  # of an element whose folder alone speaks for it
_FEW = 5  # elements of a folder's code that can all be offered, where no word tells
# Making one takes far longer than asking it, and an edition of a rubric never changes.
_suggesters: dict[str, Suggester] = {}


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that elements are suggested for; `path`: its folders and its name."""

    id: int
    title: str
    path: str
    sha256: str = ""


def elements_in_path(session: Session, *, school_id: int, path: str) -> tuple[str, ...]:
    """The element codes a person wrote into a name or its folders, in the rubric of the school's newest dossier."""
    digest = session.scalar(
        select(Cycle.rubric_digest)
        .join(Dossier, Dossier.cycle_id == Cycle.id)
        .where(Dossier.school_id == school_id)
        .order_by(Cycle.opens_at.desc(), Dossier.created_at.desc())
        .limit(1)
    )
    if digest is None:
        return ()
    return codes_in_path(path, rubric_of(session, digest))


def suggest(
    session: Session, rubric: Rubric, *, school_id: int, files: Collection[Asked]
) -> dict[int, tuple[Suggestion, ...]]:
    """Likely elements of each file by its id, best first, in two statements however many there are.

    From codes in its path (those of indicators narrow the choice), its title, its text, the official wording, and
    what this school cited like titles for; nothing of any other school.
    """
    if not files:
        return {}
    texts = first_texts(session, school_id=school_id, digests={file.sha256 for file in files})
    history = _history(session, rubric, cited_so_far(session, school_id=school_id))
    suggester = _suggester_for(rubric).knowing(history)
    return {file.id: _suggested(suggester, rubric, file, texts.get(file.sha256, "")) for file in files}


def _suggested(suggester: Suggester, rubric: Rubric, file: Asked, text: str) -> tuple[Suggestion, ...]:
    named = codes_in_path(file.path, rubric)
    if named:
        return tuple(Suggestion(code, _NAMED, (code,)) for code in named)
    narrowed = candidates_in_path(file.path, rubric)
    told = tuple(suggester.suggest(file.title, text, among=narrowed or None))
    if told or len(narrowed) > _FEW:
        return told
    return tuple(Suggestion(code, _FOLDER, ()) for code in narrowed)


def _history(
    session: Session, rubric: Rubric, cited: Iterable[tuple[str, str, str]]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Titles with the codes they were cited for, where these mean in this edition what they meant in theirs."""
    codes: dict[str, set[str]] = defaultdict(set)
    alike: dict[str, frozenset[str]] = {}
    for title, element, digest in cited:
        if digest not in alike:
            alike[digest] = _unchanged(rubric, rubric_of(session, digest))
        if element in alike[digest]:
            codes[title].add(element)
    return ((title, frozenset(found)) for title, found in codes.items())


def _unchanged(rubric: Rubric, other: Rubric) -> frozenset[str]:
    texts = {element.code: element.text for element in rubric.elements}
    return frozenset(element.code for element in other.elements if texts.get(element.code) == element.text)


def _suggester_for(rubric: Rubric) -> Suggester:
    if rubric.digest not in _suggesters:
        _suggesters[rubric.digest] = Suggester(rubric, words_for(rubric))
    return _suggesters[rubric.digest]
