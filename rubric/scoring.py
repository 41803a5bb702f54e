"""Scores as exact decimals: read, written, summed by A and B, and followed from the school to the final."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rubric.model import Channel, Rubric

ZERO = Decimal(0)
LONGEST_SCORE = 6  # characters of "100.25"
_PLAIN_NUMBER = re.compile(r"(?P<minus>-?)(?P<digits>[0-9]+(?:\.[0-9]+)?)")
# Full-width ０-９ ． －, as a Chinese keyboard types them, and the minus sign of text processors. Not NFKC as a
# whole: it would also read "0²" as 02.
_HALF_WIDTH = {**{0xFF10 + digit: str(digit) for digit in range(10)}, 0xFF0E: ".", 0xFF0D: "-", 0x2212: "-"}


class ScoreError(ValueError):
    """A score that is refused: `code` says why, `context` with which numbers.

    Codes: empty, not_a_number, negative, above_points (points), off_step (step, below, above).
    """

    def __init__(self, code: str, **context: Any) -> None:
        super().__init__(code)
        self.code = code
        self.context = context


def parse_score(text: str, *, points: Decimal, step: Decimal) -> Decimal:
    """The score a person typed, from 0 to `points` on the `step`; raises ScoreError.

    Plain decimal digits only, full-width ones included; no exponents, signs, words or separators.
    """
    typed = text.strip().translate(_HALF_WIDTH)
    if not typed:
        raise ScoreError("empty")
    match = _PLAIN_NUMBER.fullmatch(typed)
    if match is None or len(match["digits"]) > LONGEST_SCORE:
        raise ScoreError("not_a_number")
    if match["minus"]:
        raise ScoreError("negative")
    return checked_score(Decimal(match["digits"]), points=points, step=step)


def checked_score(score: Decimal, *, points: Decimal, step: Decimal) -> Decimal:
    """The score without trailing zeros, if it is within 0..`points` and on the `step`; raises ScoreError."""
    if score < 0:
        raise ScoreError("negative")
    if score > points:
        raise ScoreError("above_points", points=points)
    beyond = score % step
    if beyond:
        below = _plain(score - beyond)
        raise ScoreError("off_step", step=step, below=below, above=_plain(below + step))
    return _plain(score)


def format_score(score: Decimal) -> str:
    """The score in words of a form: one decimal always, more only where needed ("2.0", "1.8", "1.75")."""
    plain = _plain(score)
    exponent = plain.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return f"{plain:.{max(decimals, 1)}f}"


def _plain(value: Decimal) -> Decimal:
    """The same number in one spelling: no trailing zeros, no exponent, no negative zero."""
    if value == value.to_integral_value():
        return Decimal(int(value))
    return value.normalize()


@dataclass(frozen=True, slots=True)
class ElementClaim:
    """What a school claims for one element: its score (None: unscored), and whether evidence is cited."""

    code: str
    points: Decimal
    score: Decimal | None
    cited: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """The three numbers in points (claimed 自评, supported 有据, at risk 待补), and what is not yet scored."""

    points: Decimal = ZERO
    claimed: Decimal = ZERO
    supported: Decimal = ZERO
    scored: int = 0
    unscored: int = 0
    unscored_points: Decimal = ZERO

    @property
    def at_risk(self) -> Decimal:
        """Claimed without a citation, in points."""
        return self.claimed - self.supported

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            points=self.points + other.points,
            claimed=self.claimed + other.claimed,
            supported=self.supported + other.supported,
            scored=self.scored + other.scored,
            unscored=self.unscored + other.unscored,
            unscored_points=self.unscored_points + other.unscored_points,
        )


def totals(claims: Iterable[ElementClaim]) -> Totals:
    """The sum over elements; an unscored one adds nothing to the scores and is counted beside them."""
    return sum((_totals_of(claim) for claim in claims), Totals())


def totals_by_indicator(rubric: Rubric, claims_by_code: Mapping[str, ElementClaim]) -> dict[str, Totals]:
    """Totals by A and B code, in rubric order; an element without a claim is unscored."""
    sums: dict[str, Totals] = {}
    for indicator in rubric.indicators:
        sums[indicator.code] = Totals()
        for child in indicator.children:
            sums[child.code] = totals(
                claims_by_code.get(element.code) or ElementClaim(element.code, element.points, None, False)
                for element in child.elements
            )
            sums[indicator.code] += sums[child.code]
    return sums


def _totals_of(claim: ElementClaim) -> Totals:
    if claim.score is None:
        return Totals(points=claim.points, unscored=1, unscored_points=claim.points)
    supported = claim.score if claim.cited else ZERO
    return Totals(points=claim.points, claimed=claim.score, supported=supported, scored=1)


class Stage(StrEnum):
    """The rungs of the score ladder: 自评 (before a supplement, and now), earlier rounds, 复评, 核定, 更正.

    The last where the school was right about a factual error.
    """

    EARLIER = "earlier"
    SCHOOL = "school"
    ROUND = "round"
    EXPERT = "expert"
    FINAL = "final"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One score for one element, who gave it, why, and the channel it rests on."""

    who: str | None
    score: Decimal | None
    reason: str = ""
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the score ladder; a None score means this one has not scored."""

    stage: str
    who: str | None
    score: Decimal | None
    reason: str
    channel: Channel | None


def ladder(
    *,
    school: Judgement,
    earlier: Judgement | None = None,
    rounds: Iterable[Judgement] = (),
    experts: Iterable[Judgement] = (),
    final: Judgement | None = None,
    appeal: Judgement | None = None,
) -> tuple[Rung, ...]:
    """From the school's score to what stands, rounds and experts in the order given.

    `earlier`: the school's score in the package before a supplement, where it was another.
    """
    rungs = [_rung(Stage.EARLIER, earlier)] if earlier is not None else []
    rungs.append(_rung(Stage.SCHOOL, school))
    rungs.extend(_rung(Stage.ROUND, each) for each in rounds)
    rungs.extend(_rung(Stage.EXPERT, each) for each in experts)
    if final is not None:
        rungs.append(_rung(Stage.FINAL, final))
    if appeal is not None:
        rungs.append(_rung(Stage.APPEAL, appeal))
    return tuple(rungs)


def _rung(stage: Stage, given: Judgement) -> Rung:
    return Rung(stage, given.who, given.score, given.reason, given.channel)


def lost(points: Decimal, final: Decimal) -> Decimal:
    """The points an element did not get."""
    return points - final


@dataclass(frozen=True, slots=True)
class Band:
    """A named result from so many points on; the city has published none."""

    name: str
    minimum: Decimal


def band_for(total: Decimal, bands: Iterable[Band]) -> Band | None:
    """The highest band the total reaches; None below all of them, or where there are none."""
    reached = [band for band in bands if band.minimum <= total]
    return max(reached, key=lambda band: band.minimum, default=None)
