"""Every list a person sees, to take along as CSV or XLSX: one module an area."""

from portfolio.blueprints.lists import aftermath, city, dossier, evidence, judging, office, people
from portfolio.blueprints.lists.root import blueprint

__all__ = ["aftermath", "blueprint", "city", "dossier", "evidence", "judging", "office", "people"]
