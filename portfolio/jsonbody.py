"""JSON bodies with exact numbers."""

from __future__ import annotations

import json
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest


def read_json(request: Request) -> dict[str, Any]:
    """The body's object; numbers stay as they were written ("0.8", "1e9", "NaN"). Raises BadRequest."""
    try:
        body = json.loads(request.get_data(), parse_float=str, parse_int=str, parse_constant=str)
    except ValueError as error:
        raise BadRequest("not JSON") from error
    if not isinstance(body, dict):
        raise BadRequest("not a JSON object")
    return body
