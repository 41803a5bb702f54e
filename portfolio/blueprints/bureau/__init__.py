"""The bureau's pages: the city at a glance, cycles, schools, panels, accounts, progress, results, the audit trail."""

from portfolio.blueprints.bureau import (
    awards,
    cycles,
    overview,
    panels,
    people,
    progress,
    publication,
    schools,
    trail,
)
from portfolio.blueprints.bureau.root import blueprint

__all__ = [
    "awards",
    "blueprint",
    "cycles",
    "overview",
    "panels",
    "people",
    "progress",
    "publication",
    "schools",
    "trail",
]
