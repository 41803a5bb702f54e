"""What people write in Markdown, as harmless HTML."""

from __future__ import annotations

import re

import markdown
import nh3

_TAGS = {
    "p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "code", "h3", "h4", "table", "thead", "tbody",
    "tr", "th", "td", "hr", "del",
}  # fmt: skip


def html_of(text: str) -> str:
    """The text as HTML without links, pictures, styles or scripts; its headings begin at h3."""
    html = markdown.markdown(
        re.sub(r"(?m)^#{1,2} ", "### ", text), extensions=["nl2br", "sane_lists", "tables"]
    )
    return nh3.clean(html, tags=_TAGS, attributes={})
