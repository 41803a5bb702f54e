"""The one blueprint that the bureau's pages share."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("bureau", __name__)
