"""The translations: brought up to date with the code, and checked against it.

python -m tools.messages update    rewrite the catalogue: new messages empty, those gone from the code left out
python -m tools.messages check     name every message that is missing, empty, uncertain, left over or wrongly filled
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = "zh"
CATALOGUE = Path("portfolio/translations") / LOCALE / "LC_MESSAGES/messages.po"
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
# Written by hand: Babel's own header holds the time of day, and the file should change only when its texts do.
HEADER = f"""\
# Chinese texts of the portfolio. `make messages` adds what is new; write the msgstr lines.
msgid ""
msgstr ""
"Language: {LOCALE}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def main(arguments: list[str]) -> int:
    """Update or check; 1 if the check finds anything."""
    match arguments:
        case ["update"]:
            return _update(ROOT)
        case ["check"]:
            return _check(ROOT)
        case _:
            print(__doc__, file=sys.stderr)
            return 2


def _update(root: Path) -> int:
    catalogue = read(root / CATALOGUE)
    catalogue.update(messages_of(root), no_fuzzy_matching=True, update_creation_date=False)
    (root / CATALOGUE).parent.mkdir(parents=True, exist_ok=True)
    (root / CATALOGUE).write_bytes(written(catalogue))
    empty = sum(1 for message in catalogue if message.id and not all(_texts(message)))
    print(f"{CATALOGUE}: {len(catalogue)} messages, {empty} without translation")
    return 0


def _check(root: Path) -> int:
    mistakes = list(mistakes_of(messages_of(root), read(root / CATALOGUE)))
    print("\n".join(f"{CATALOGUE}: {mistake}" for mistake in mistakes) if mistakes else "Translations: OK")
    return 1 if mistakes else 0


def messages_of(root: Path) -> Catalog:
    """Every message the code and the templates under a folder ask for."""
    with (root / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = Catalog()
    for filename, line, message, _comments, context in extract_from_dir(root, methods, options, KEYWORDS):
        found.add(message, None, [(filename, line)], context=context)
    return found


def read(path: Path) -> Catalog:
    """The catalogue as it stands; an empty one if there is none yet."""
    if not path.is_file():
        return Catalog(locale=LOCALE)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE, abort_invalid=True)


def written(catalogue: Catalog) -> bytes:
    """The catalogue as a file: sorted, without places and times, so that two runs write the same."""
    body = io.BytesIO()
    write_po(body, catalogue, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    return HEADER.encode() + body.getvalue().lstrip()


def mistakes_of(wanted: Catalog, catalogue: Catalog) -> Iterator[str]:
    """What keeps the catalogue from being complete."""
    for message in wanted:
        if message.id:
            matter = _matter_with(message, catalogue.get(message.id, message.context))
            if matter:
                places = ", ".join(sorted({f"{file}:{line}" for file, line in message.locations})[:3])
                yield f"{matter}: {_singular(message)!r} ({places})"
    for message in [*catalogue, *catalogue.obsolete.values()]:
        if message.id and wanted.get(message.id, message.context) is None:
            yield f"left over: {_singular(message)!r}"


def _matter_with(wanted: Message, translation: Message | None) -> str | None:
    if translation is None:
        return "missing"
    if translation.fuzzy:
        return "uncertain (fuzzy)"
    if not all(_texts(translation)):
        return "empty"
    # The last form is the one a language without plurals uses.
    names = _placeholders(wanted.id[-1] if isinstance(wanted.id, tuple | list) else wanted.id)
    if any(_placeholders(text) != names or not _can_be_filled(text, names) for text in _texts(translation)):
        return "other placeholders than the message"
    return None


def _singular(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, tuple | list) else message.id)


def _texts(message: Message) -> list[str]:
    """The translation in each plural form."""
    string = message.string
    return [str(text or "") for text in string] if isinstance(string, tuple | list) else [str(string or "")]


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def _can_be_filled(text: str, names: set[str]) -> bool:
    """Whether the text survives formatting: a lone % beside a placeholder doesn't."""
    try:
        return not names or bool(text % dict.fromkeys(names, 0))
    except (ValueError, TypeError, KeyError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
