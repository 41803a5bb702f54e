"""The blueprint that a dossier's pages share, and what they ask of their reader."""

from __future__ import annotations

from flask import Blueprint

from portfolio import web
from portfolio.models import Dossier

blueprint = Blueprint("dossier", __name__)


def is_of(dossier: Dossier) -> bool:
    """Whether the reader is of the school itself, which is told more than others."""
    return dossier.school_id in web.actor().schools()
