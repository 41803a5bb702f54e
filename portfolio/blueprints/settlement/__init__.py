"""The panel's table: all scores side by side, the discussion, one final score an element, the closing."""

from portfolio.blueprints.settlement import closing, discussion, ruling, table
from portfolio.blueprints.settlement.root import blueprint

__all__ = ["blueprint", "closing", "discussion", "ruling", "table"]
