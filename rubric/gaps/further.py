"""The further rules: what weakens a claim that has something to stand on. They look only at points claimed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_DOWN, Context, Decimal
from functools import cached_property
from typing import Any

from rubric.cited import CitedEvidence, distinct
from rubric.gaps.first import is_older
from rubric.gaps.model import ElementState, Gap, Scrutiny
from rubric.gaps.rules import Rule
from rubric.guidance import MaterialKind
from rubric.likeness import words_of_its_own
from rubric.materials import Line, checklist
from rubric.measures import MeasureResult, target_words, unmet, value_words
from rubric.model import Element
from rubric.units import UnitName

_HUNDREDTH = Decimal("0.01")
_DOWN = Context(prec=28, rounding=ROUND_DOWN)


@dataclass(frozen=True)
class Claim:
    """An element that claims points, with what is known about it.

    `wording`: the official text around it. `carried`: for how many elements each file of the dossier is cited.
    `absent`: figures that are 0.
    """

    element: Element
    wording: str
    state: ElementState
    score: Decimal
    years: tuple[int, ...]
    scrutiny: Scrutiny
    results: Collection[MeasureResult]
    carried: Mapping[int, int]
    absent: frozenset[str]
    units: tuple[UnitName, ...]

    @cached_property
    def files(self) -> tuple[CitedEvidence, ...]:
        """Each cited file once."""
        return distinct(self.state.citations)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Its checklist."""
        return checklist(
            self.element,
            self.files,
            years=self.years,
            by_hand=self.state.by_hand,
            absent=self.absent,
        )

    @property
    def is_full(self) -> bool:
        """Whether it claims all its points."""
        return self.score == self.element.points

    def gap(self, rule: Rule, *, parts: int = 1, of: int = 1, part: str = "", **context: Any) -> Gap:
        """A gap that puts the rule's share at risk, or so many `parts` of it; to the hundredth, downwards."""
        share = _DOWN.multiply(self.score, self.scrutiny.weights.shares[rule])
        at_risk = _DOWN.quantize(_DOWN.divide(_DOWN.multiply(share, parts), of), _HUNDREDTH)
        return Gap(rule, self.element.code, at_risk, {"score": self.score, **context}, part, self.score)


def unmet_measure(claim: Claim) -> Iterator[Gap]:
    """Full marks, though a number the rubric sets is not reached."""
    for result in unmet(claim.results) if claim.is_full else ():
        year = result.decisive
        yield claim.gap(
            Rule.UNMET_MEASURE,
            part=result.measure.code,
            measure=result.measure.name,
            value=value_words(result, year, claim.units),
            target=target_words(result.measure, claim.units),
            year=year,
        )


def full_on_one_weak_file(claim: Claim) -> Iterator[Gap]:
    """Full marks on a single file that is a photograph, or says neither what it is nor when it is from."""
    if claim.is_full and (file := _single_weak(claim)):
        yield claim.gap(Rule.FULL_ON_ONE_WEAK_FILE, evidence_id=file.evidence_id, title=file.title)


def old_evidence(claim: Claim) -> Iterator[Gap]:
    """No file speaks for any of the last three school years, nor is valid until revoked."""
    lasting = {file for line in claim.lines if line.material.any_age for file in line.evidence}
    is_old = bool(claim.files) and all(is_older(file, claim.years[0]) for file in claim.files)
    one_alone = claim.is_full and len(claim.files) == 1  # named by the first rules
    if is_old and not one_alone and lasting.isdisjoint(claim.files):
        yield claim.gap(Rule.OLD_EVIDENCE, window_start=claim.years[0], count=len(claim.files))


def dated_ahead(claim: Claim) -> Iterator[Gap]:
    """A file bears a date after the submission; points hang on it only where every file does."""
    day = claim.scrutiny.submitted_at.date()
    ahead = [file for file in claim.files if file.date is not None and file.date > day]
    yield from _of_files(claim, Rule.DATED_AHEAD, ahead)


def only_photos(claim: Claim) -> Iterator[Gap]:
    """Nothing but photographs."""
    if claim.files and all(_is_photo(file) for file in claim.files):
        one_alone = claim.is_full and len(claim.files) == 1  # a weak file, named so above
        if not one_alone:
            yield claim.gap(Rule.ONLY_PHOTOS, count=len(claim.files))


def thin_justification(claim: Claim) -> Iterator[Gap]:
    """Hardly a word of the school's own: a few characters, or the official wording pasted back."""
    least = claim.scrutiny.weights.shortest_justification
    written = claim.state.justification
    if not written.strip():
        return
    own = words_of_its_own(written, claim.wording, enough=least)
    if own < least:
        yield claim.gap(Rule.THIN_JUSTIFICATION, own=own, least=least)


def missing_material(claim: Claim) -> Iterator[Gap]:
    """A document the wording asks for is not among the files; none is named while there is no file at all."""
    for line in claim.lines if claim.files else ():
        if not line.covered:
            yield claim.gap(
                Rule.MISSING_MATERIAL,
                of=len(claim.lines),
                part=line.material.code,
                material=line.material.name,
                clause=line.material.clause,
            )


def missing_year(claim: Claim) -> Iterator[Gap]:
    """A document wanted for three school years is there, but not for all of them."""
    for line in claim.lines if claim.files else ():
        if line.covered and line.missing_years:
            yield claim.gap(
                Rule.MISSING_YEAR,
                parts=len(line.missing_years),
                of=len(claim.years) * len(claim.lines),
                part=line.material.code,
                material=line.material.name,
                years=line.missing_years,
            )


def overworked_file(claim: Claim) -> Iterator[Gap]:
    """Every file behind it also carries many other elements: none was made for this one."""
    most = claim.scrutiny.weights.most_elements_a_file
    if claim.files and all(claim.carried[file.evidence_id] > most for file in claim.files):
        file = max(claim.files, key=lambda file: claim.carried[file.evidence_id])
        count = claim.carried[file.evidence_id]
        yield claim.gap(
            Rule.OVERWORKED_FILE, evidence_id=file.evidence_id, title=file.title, count=count, most=most
        )


def last_minute_file(claim: Claim) -> Iterator[Gap]:
    """A file was made in the last hours before submitting; points hang on it only where every file was."""
    hours = claim.scrutiny.weights.last_hours
    since = claim.scrutiny.submitted_at - timedelta(hours=hours)
    recent = [file for file in claim.files if file.made_at is not None and file.made_at > since]
    yield from _of_files(claim, Rule.LAST_MINUTE_FILE, recent, hours=hours)


FURTHER_RULES: tuple[Callable[[Claim], Iterable[Gap]], ...] = (
    unmet_measure,
    full_on_one_weak_file,
    old_evidence,
    dated_ahead,
    only_photos,
    thin_justification,
    missing_material,
    missing_year,
    overworked_file,
    last_minute_file,
)


def _of_files(claim: Claim, rule: Rule, files: Collection[CitedEvidence], **context: Any) -> Iterator[Gap]:
    """One gap for these files, if any; it costs something only where they are all there is."""
    if files:
        alone = len(files) == len(claim.files)
        yield claim.gap(
            rule,
            parts=int(alone),
            evidence_ids=tuple(file.evidence_id for file in files),
            titles=tuple(file.title for file in files),
            count=len(files),
            **context,
        )


def _single_weak(claim: Claim) -> CitedEvidence | None:
    """The only file, if it is weak; one that is old has been named by the first rules."""
    if len(claim.files) != 1 or is_older(claim.files[0], claim.years[0]):
        return None
    file = claim.files[0]
    says_nothing = file.kind == MaterialKind.OTHER and not file.speaks_for
    return file if _is_photo(file) or says_nothing else None


def _is_photo(file: CitedEvidence) -> bool:
    return file.kind == MaterialKind.PHOTO
