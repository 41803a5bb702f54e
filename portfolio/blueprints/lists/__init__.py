"""Every list a person sees, to take along as CSV or XLSX: one module an area."""

from portfolio.blueprints.lists import dossier, evidence, judging, office
from portfolio.blueprints.lists.root import blueprint

__all__ = ["blueprint", "dossier", "evidence", "judging", "office"]
