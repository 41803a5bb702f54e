"""The words school offices use for what an element asks: a file of ours beside the official wording."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from rubric.loader import DATA
from rubric.model import Rubric

WORDS = "words"  # the folder, beside the rubric files


def words_for(rubric: Rubric, extra: Path | None = None) -> Mapping[str, tuple[str, ...]]:
    """The words of each element, by its code; empty for a rubric that has no file of words.

    They stand in `words/<name of the rubric>.yaml` of `rubric/data/` or of a further folder. Raises ValueError,
    with every mistake, for a file that doesn't fit the rubric.
    """
    for folder in (DATA, extra):
        if folder is not None and (path := folder / WORDS / f"{rubric.name}.yaml").is_file():
            return load(path, rubric)
    return {}


def load(path: Path, rubric: Rubric) -> Mapping[str, tuple[str, ...]]:
    """The words of one file; raises ValueError, with every mistake, if it doesn't fit the rubric."""
    try:
        data = yaml.safe_load(path.read_text("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path.name}: no mapping of element codes to words")
    if mistakes := [mistake for entry in data.items() for mistake in _mistakes(*entry, rubric)]:
        raise ValueError(f"{path.name}: {'; '.join(mistakes)}")
    return {code: tuple(words.split()) for code, words in data.items()}


def _mistakes(code: object, words: object, rubric: Rubric) -> list[str]:
    if code not in {element.code for element in rubric.elements}:
        return [f"{code!r} is no element of {rubric.name}"]
    if not isinstance(words, str) or not words.split():
        return [f"{code} has no words"]
    listed = [word.removeprefix("~") for word in words.split()]
    return [
        f"{code} has {word} twice" for word in sorted({word for word in listed if listed.count(word) > 1})
    ]
