"""Evidence: the library, one piece of it, and what it is cited for."""

from portfolio.blueprints.evidence import (
    assigning,
    catalogue,
    citing,
    comparing,
    finding,
    library,
    offers,
    opening,
    order,
    piece,
    viewing,
)
from portfolio.blueprints.evidence.routes import blueprint

__all__ = [
    "assigning",
    "blueprint",
    "catalogue",
    "citing",
    "comparing",
    "finding",
    "library",
    "offers",
    "opening",
    "order",
    "piece",
    "viewing",
]
