"""The school's own pages: home and element."""

from portfolio.blueprints.dossier import element, home
from portfolio.blueprints.dossier.root import blueprint

__all__ = ["blueprint", "element", "home"]
