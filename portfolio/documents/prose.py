"""What people write in Markdown, as harmless HTML."""

from __future__ import annotations

import re
import threading

import markdown
import nh3

_TAGS = {
    "p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "code", "h3", "h4", "table", "thead", "tbody",
    "tr", "th", "td", "hr", "del",
}  # fmt: skip

_kept = threading.local()


def html_of(text: str) -> str:
    """The text as HTML without links, pictures, styles or scripts; its headings begin at h3."""
    html = _parser().reset().convert(re.sub(r"(?m)^#{1,2} ", "### ", text))
    return nh3.clean(html, tags=_TAGS, attributes={})


def _parser() -> markdown.Markdown:
    """This thread's parser: to make one costs more than most texts do."""
    if not hasattr(_kept, "parser"):
        _kept.parser = markdown.Markdown(extensions=["nl2br", "sane_lists", "tables"])
    parser: markdown.Markdown = _kept.parser
    return parser
