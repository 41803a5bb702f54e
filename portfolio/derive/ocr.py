"""Text of pictures by tesseract with its Chinese data, where the machine has them."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_LANGUAGES = "chi_sim+eng"
_SURE = 50  # percent; below, a word is more likely a pattern than writing
_SHORTEST = 2  # letters or ideographs; less than that is a pattern as well
_BETWEEN = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")
_WORD = "5"  # level of a line of tesseract's table that is a word


class RecognitionFailed(Exception):
    """tesseract came to no result."""


@lru_cache(maxsize=1)
def available() -> bool:
    """Whether tesseract is on PATH and has simplified Chinese."""
    program = shutil.which("tesseract")
    if program is None:
        return False
    listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False)
    return {"chi_sim", "eng"} <= set(listed.stdout.split() + listed.stderr.split())


def recognise(picture: Image.Image) -> str:
    """The words of the picture that tesseract is fairly sure of, line by line. Raises RecognitionFailed."""
    bitmap = BytesIO()
    picture.convert("L").save(bitmap, "PPM")
    done = subprocess.run(
        ["tesseract", "stdin", "stdout", "-l", _LANGUAGES, "tsv"],
        input=bitmap.getvalue(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RecognitionFailed(done.stderr.decode(errors="replace")[:200])
    return _sure_words(done.stdout.decode(errors="replace"))


def _sure_words(table: str) -> str:
    """Lines of words from tesseract's TSV: level, page, block, paragraph, line, word, box, confidence, text."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in table.splitlines()[1:]:
        columns = row.split("\t")
        if len(columns) == 12 and columns[0] == _WORD and float(columns[10]) >= _SURE:
            lines.setdefault(tuple(columns[1:5]), []).append(columns[11])
    joined = (_BETWEEN.sub("", " ".join(words)) for words in lines.values())
    return "\n".join(line for line in joined if sum(map(str.isalnum, line)) >= _SHORTEST)
