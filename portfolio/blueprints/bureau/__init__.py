"""The bureau's pages: the city at a glance, cycles, schools, panels, accounts, progress, results, the audit trail."""

from portfolio.blueprints.bureau import (
    allotment,
    assigning,
    assignment_sheet,
    awards,
    cycles,
    differences,
    overview,
    panels,
    people,
    progress,
    publication,
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
    "awards",
    "blueprint",
    "cycles",
    "differences",
    "overview",
    "panels",
    "people",
    "progress",
    "publication",
    "rectification",
    "schools",
    "terms",
    "trail",
]
