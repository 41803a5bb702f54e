"""How values stand in a sentence, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import get_locale, gettext

from rubric.guidance import Label
from rubric.scoring import Totals, format_score


def plain(context: Mapping[str, Any]) -> dict[str, Any]:
    """Context for a sentence: points as people write them."""
    return {key: _plain(key, value) for key, value in context.items()}


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, Label):
        return label(value)
    if key == "years":
        return " · ".join(f"{year}–{year + 1}" for year in value)
    if not isinstance(value, Decimal):
        return value
    # what an element is worth is written as the published table does: 2, not 2.0
    return str(int(value)) if key == "points" and value == int(value) else format_score(value)


def label(named: Label) -> str:
    """A name of the rubric's guidance in the reader's language."""
    return named.words(_language())


def _language() -> str:
    return str(get_locale()).partition("_")[0]


def hours(value: Decimal) -> str:
    """The work a step takes, as a rule: "about 1.5 h"."""
    return gettext("about %(hours)s h", hours=f"{value.normalize():f}")


def totals_in_json(totals: Totals) -> dict[str, str | int]:
    """The three numbers, as text so that they stay exact."""
    return {
        "points": format_score(totals.points),
        "claimed": format_score(totals.claimed),
        "supported": format_score(totals.supported),
        "at_risk": format_score(totals.at_risk),
        "unscored": totals.unscored,
        "unscored_points": format_score(totals.unscored_points),
    }
