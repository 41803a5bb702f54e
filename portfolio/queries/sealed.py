"""Packages as their rows tell them, against the manifests that were signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.manifest import digest_of, manifest_of
from portfolio.models import Package
from portfolio.queries.frozen import Names, frozen_of


def matters_with(session: Session, package: Package) -> Iterator[str]:
    """What is wrong with a package: its digest, or what its rows say against what its manifest says."""
    if (found := digest_of(package.manifest)) != package.digest:
        yield f"its manifest is forged: its digest is {found}, the package's is {package.digest}"
    try:
        names = Names.of(json.loads(package.manifest))
    except (ValueError, KeyError, TypeError):
        yield "its manifest can't be read"
        return
    rebuilt = manifest_of(frozen_of(session, package, rubric_of(session, package.rubric_digest), names))
    if rebuilt != package.manifest:
        yield f"its rows and its manifest disagree on {_differences(json.loads(rebuilt), json.loads(package.manifest))}"


def _differences(rebuilt: dict[str, Any], stored: dict[str, Any]) -> str:
    """The parts in which two manifests differ; elements and files by name."""
    parts = [key for key in sorted(rebuilt.keys() | stored.keys()) if rebuilt.get(key) != stored.get(key)]
    return (
        "; ".join(_difference(part, rebuilt.get(part), stored.get(part)) for part in parts) or "its notation"
    )


def _difference(part: str, rebuilt: Any, stored: Any) -> str:
    key = {"elements": "code", "files": "id", "waivers": "gap"}.get(part)
    if key is None or not isinstance(rebuilt, list) or not isinstance(stored, list):
        return part
    ours, theirs = ({str(entry.get(key)): entry for entry in entries} for entries in (rebuilt, stored))
    differing = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    return f"{part} {', '.join(differing)}" if differing else f"the order of {part}"
