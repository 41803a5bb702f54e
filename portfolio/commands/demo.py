"""Demonstration data: loaded once into an empty store, its accounts printed whenever asked for."""

from __future__ import annotations

import argparse
import json
import os
import unicodedata
from pathlib import Path

from portfolio.commands.installation import CannotRun, Installation, opened

ACCOUNTS = "demo-accounts.json"
COLUMNS = ("role", "username", "password", "school")

# one account: {username, password, role, school}; school is None for people of the city
Account = dict[str, str | None]


def demo(arguments: argparse.Namespace) -> int:
    """Load the demonstration if the store is empty, and print the accounts it made."""
    with opened() as place:
        place.migrate()
        kept = place.settings.data_folder / ACCOUNTS
        larger = arguments.schools is not None or arguments.evidence is not None
        if accounts := _load(place, arguments.schools, arguments.evidence):
            _keep(kept, accounts)
        elif kept.is_file() and not larger:
            accounts = json.loads(kept.read_text(encoding="utf-8"))
        elif arguments.if_empty:
            return 0
        else:
            raise CannotRun(
                f"{place.database} holds schools already; demonstration data goes into an empty store"
                " (set PORTFOLIO_DATA to a new folder)"
            )
    print(json.dumps(accounts, ensure_ascii=False, indent=1) if arguments.json else _table(accounts, kept))
    return 0


def _load(place: Installation, schools: int | None, evidence: int | None) -> list[Account]:
    """Load into an empty store; the accounts made, none where there are schools already."""
    from portfolio.demo.load import load  # brings the makers of documents, which no other command needs

    made = load(place.sessions, place.storage(), place.settings, schools=schools, evidence=evidence)
    return [
        {"username": one.username, "password": one.password, "role": str(one.role), "school": one.school}
        for one in made
    ]


def _keep(path: Path, accounts: list[Account]) -> None:
    """Write the accounts down for their owner only, wholly or not at all."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(
        os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(accounts, file, ensure_ascii=False, indent=1)
    unfinished.replace(path)


def _table(accounts: list[Account], kept: Path) -> str:
    rows = [COLUMNS, *(tuple(account[column] or "" for column in COLUMNS) for account in accounts)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    title = f"Accounts of the demonstration (kept in {kept}, for you only):"
    return "\n".join([title, "", *(f"  {line.rstrip()}" for line in lines), ""])


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
