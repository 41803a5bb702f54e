"""What a panel does at a school, from the rubric's own methods: one item for each channel of each official line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rubric.model import Channel, Method, Rubric

# The order of a visit: it begins with a report, and ends among the files.
ORDER = (
    Channel.LISTEN,
    Channel.INSPECT,
    Channel.OBSERVE,
    Channel.DISCUSS,
    Channel.INTERVIEW,
    Channel.SURVEY,
    Channel.DOCUMENTS,
)
_MEETINGS = (Channel.DISCUSS, Channel.INTERVIEW, Channel.SURVEY)
# Longer words first: 党员教师 is not 教师.
_PEOPLE = ("党员教师", "党组织书记", "教职工", "师生", "校长", "教师", "学生", "家长", "社区")
# Of these a panel looks at some, not at all.
_LISTS = ("教师档案袋", "教师业务档案", "学生学籍档案", "个人成长记录", "教学设计", "备课笔记")


@dataclass(frozen=True, slots=True)
class Item:
    """Something to do: `people` to meet and `lists` to sample are words of the official line itself."""

    key: str
    channel: Channel
    indicator: str
    method: str
    people: tuple[str, ...]
    lists: tuple[str, ...]
    elements: tuple[str, ...]


def agenda(rubric: Rubric) -> tuple[Item, ...]:
    """Everything to be done, by channel in the order of a visit, within it in the rubric's."""
    return tuple(sorted(_items(rubric), key=lambda item: ORDER.index(item.channel)))


def _items(rubric: Rubric) -> Iterator[Item]:
    for indicator in rubric.indicators:
        codes = tuple(element.code for element in indicator.elements)
        for number, method in enumerate(indicator.methods, start=1):
            for channel in method.channels:
                yield Item(
                    key=f"{indicator.code}.{number}.{channel.value}",
                    channel=channel,
                    indicator=indicator.code,
                    method=method.text,
                    people=_named(method, _PEOPLE) if channel in _MEETINGS else (),
                    lists=_named(method, _LISTS) if channel is Channel.DOCUMENTS else (),
                    elements=codes,
                )


def _named(method: Method, words: tuple[str, ...]) -> tuple[str, ...]:
    """The words that stand in the line, in its order; each piece of it once."""
    text, found = method.text, []
    for word in words:
        if word in text:
            found.append(word)
            text = text.replace(word, "　" * len(word))
    return tuple(sorted(found, key=method.text.index))


def surveyed(rubric: Rubric) -> frozenset[str]:
    """The elements whose methods name a questionnaire."""
    return frozenset(
        code for item in agenda(rubric) if item.channel is Channel.SURVEY for code in item.elements
    )
