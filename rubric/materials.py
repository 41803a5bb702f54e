"""An element's checklist: which of the materials its wording asks for are cited, and which school years they lack."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rubric.cited import CitedEvidence, distinct
from rubric.guidance import ExpectedMaterial, MaterialKind
from rubric.model import Element
from rubric.titles import plain

_NEVER_A_PHOTO = (MaterialKind.PLAN, MaterialKind.RULES, MaterialKind.MINUTES, MaterialKind.REPORT)
_name_of = lru_cache(maxsize=16_384)(plain)


@dataclass(frozen=True, slots=True)
class Line:
    """A material, the pieces of evidence that are it, and the school years none of them speaks for.

    `by_hand`: somebody ticked it, and gave a reason elsewhere; then nothing is missing.
    """

    material: ExpectedMaterial
    evidence: tuple[CitedEvidence, ...]
    missing_years: tuple[int, ...]
    by_hand: bool = False

    @property
    def covered(self) -> bool:
        """Whether there is any such material."""
        return self.by_hand or bool(self.evidence)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, no school year either."""
        return self.covered and not self.missing_years


def checklist(
    element: Element,
    citations: Collection[CitedEvidence],
    *,
    years: Sequence[int],
    by_hand: Collection[str] = (),
    absent: Collection[str] = (),
) -> tuple[Line, ...]:
    """The expected materials of an element in their order, filled from its citations.

    `years`: the school years of the window. `by_hand`: codes of materials somebody ticked. `absent`: figures that
    are 0, see `measures.absent`; a material only wanted with one of them is left out.
    """
    wanted = tuple(material for material in element.expected if material.only_with not in absent)
    pieces = distinct(citations)
    found = _found(wanted, pieces)
    return tuple(
        _line(material, found[material.code], years, material.code in by_hand) for material in wanted
    )


def _found(
    wanted: Sequence[ExpectedMaterial], pieces: Sequence[CitedEvidence]
) -> dict[str, list[CitedEvidence]]:
    """The pieces that are each material, by its code; a piece may be several."""
    found: dict[str, list[CitedEvidence]] = {material.code: [] for material in wanted}
    for piece in pieces:
        for material in _materials_of(piece, wanted):
            found[material.code].append(piece)
    return found


def _materials_of(piece: CitedEvidence, wanted: Sequence[ExpectedMaterial]) -> list[ExpectedMaterial]:
    """Those its title names; if none, the one material of its kind, where there is only one."""
    name = _name_of(piece.title)
    named = [material for material in wanted if material.is_named_in(name) and _may_be(piece, material)]
    if named or piece.kind == MaterialKind.OTHER:
        return named
    of_its_kind = [material for material in wanted if material.kind == piece.kind]
    return of_its_kind if len(of_its_kind) == 1 else []


def _may_be(piece: CitedEvidence, material: ExpectedMaterial) -> bool:
    """A title tells more than the kind somebody picked, but a photograph of a meeting is not its minutes."""
    return piece.kind != MaterialKind.PHOTO or material.kind not in _NEVER_A_PHOTO


def _line(
    material: ExpectedMaterial, pieces: Sequence[CitedEvidence], years: Sequence[int], by_hand: bool
) -> Line:
    missing: tuple[int, ...] = ()
    if material.three_years and not by_hand:
        spoken_for = frozenset[int]().union(*(piece.speaks_for for piece in pieces))
        missing = tuple(year for year in years if year not in spoken_for)
    return Line(material, tuple(pieces), missing, by_hand)
