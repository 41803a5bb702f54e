"""Packages given to panels, several at once: what the program proposes, and all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portfolio.errors import DomainError, Refused
from portfolio.models import Assignment, Package, Panel, Split
from portfolio.policy import Actor
from portfolio.queries.assigning import Bench, Seat, Ties, Waiting
from portfolio.services import panels
from portfolio.services.allotting import Allotment, bundles, merged, propose, share_out
from rubric.model import Rubric


@dataclass(frozen=True, slots=True)
class Wish:
    """A package for a panel, and who of it is to score what."""

    panel: Panel
    package: Package
    allotment: Allotment


@dataclass(frozen=True, slots=True)
class Draft:
    """A package as it would be given: who has how much on hand before it, and what they would get."""

    package: Waiting
    on_hand: Mapping[int, int]
    allotment: Allotment


def assign_all(session: Session, *, actor: Actor, now: datetime, wishes: Sequence[Wish]) -> list[Assignment]:
    """Give every package to its panel, or none: one that is refused leaves the bureau with half a list.

    Raises DomainError("package_unknown") for no wish at all; Refused by `package-<id>` with each package's own
    refusal (services/panels.assign).
    """
    if not wishes:
        raise DomainError("package_unknown", field="package")
    errors: dict[str, DomainError] = {}
    given = []
    # In one order, whoever asks: two who give the same packages at once don't wait for each other.
    for wish in sorted(wishes, key=lambda each: each.package.dossier_id):
        try:
            given.append(
                panels.assign(
                    session,
                    actor=actor,
                    now=now,
                    panel=wish.panel,
                    package=wish.package,
                    allotment=wish.allotment,
                )
            )
        except DomainError as error:
            errors[f"package-{wish.package.id}"] = error
    if errors:
        raise Refused(errors)
    return given


def draft(
    rubric: Rubric,
    bench: Bench,
    packages: Iterable[Waiting],
    split: Split,
    ties: Ties,
    *,
    needed: int,
    chosen: Mapping[int, Allotment] | None = None,
) -> list[Draft]:
    """What the panel would get, one package after another, each with the load of those before it.

    Nobody tied to a school gets anything of its package. `chosen`: what somebody ticked instead, by package.
    """
    load = {expert.user_id: expert.on_hand for expert in bench.experts}
    drafts = []
    for package in packages:
        free = {expert: own for expert, own in load.items() if (expert, package.school_id) not in ties}
        allotment: Allotment = propose(rubric, split, free, needed=needed)
        if chosen is not None:
            allotment = chosen.get(package.package_id, {})
        drafts.append(Draft(package, dict(load), allotment))
        for expert, codes in allotment.items():
            load[expert] = load.get(expert, 0) + len(codes)
    return drafts


def redraft(
    rubric: Rubric, seats: Iterable[Seat], free: Mapping[int, int], split: Split, *, needed: int, anew: bool
) -> dict[int, frozenset[str]]:
    """Who would score what of a package under review: everybody keeps what is theirs, and what lacks is shared out.

    `free`: who can take more, with what they have on hand. `anew`: only what was begun stays where it is, the rest
    is shared out by the split.
    """
    kept = {seat.user_id: seat.begun if anew else seat.elements for seat in seats if seat.counts}
    if anew:
        # what is not begun goes back into the pot, and off their hands
        dropped = {seat.user_id: len(seat.elements - seat.begun) for seat in seats if seat.counts}
        free = {expert: max(own - dropped.get(expert, 0), 0) for expert, own in free.items()}
    everyone = anew and split is Split.EVERYONE
    more = share_out(
        bundles(rubric, split, kept), free, needed=len(set(free) | set(kept)) if everyone else needed
    )
    return merged(kept, more)
