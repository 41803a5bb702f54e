"""The bureau's pages: the city at a glance, cycles, schools, panels, accounts, the audit trail."""

from portfolio.blueprints.bureau import (
    allotment,
    assigning,
    assignment_sheet,
    cycles,
    overview,
    panels,
    people,
    rectification,
    schools,
    terms,
    trail,
)
from portfolio.blueprints.bureau.root import blueprint

__all__ = [
    "allotment",
    "assigning",
    "assignment_sheet",
    "blueprint",
    "cycles",
    "overview",
    "panels",
    "people",
    "rectification",
    "schools",
    "terms",
    "trail",
]
