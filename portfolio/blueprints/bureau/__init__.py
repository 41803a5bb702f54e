"""The bureau's pages: the city at a glance, cycles, schools, panels, accounts, the audit trail."""

from portfolio.blueprints.bureau import cycles, differences, overview, panels, people, schools, trail
from portfolio.blueprints.bureau.root import blueprint

__all__ = ["blueprint", "cycles", "differences", "overview", "panels", "people", "schools", "trail"]
