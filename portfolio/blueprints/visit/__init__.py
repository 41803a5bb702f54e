"""The visit to a school: its agenda, findings with photographs, samples, questionnaires."""

from portfolio.blueprints.visit import agenda, beside, draws, findings, photos, surveys
from portfolio.blueprints.visit.root import blueprint

__all__ = ["agenda", "beside", "blueprint", "draws", "findings", "photos", "surveys"]
