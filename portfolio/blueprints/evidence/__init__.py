"""Evidence: the library, one piece of it, and what it is cited for."""

from portfolio.blueprints.evidence import citing, library, piece
from portfolio.blueprints.evidence.routes import blueprint

__all__ = ["blueprint", "citing", "library", "piece"]
