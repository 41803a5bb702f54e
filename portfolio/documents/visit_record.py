"""The record of a visit (实地评估记录): agenda as done, findings by channel, draws, questionnaires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portfolio.documents.panel_table import CHANNELS, Subject, beijing
from portfolio.documents.paper import Column, Grid, Heading, Lines, Paper, Part, Signatures
from rubric.model import Channel

TITLE = "实地评估记录"
SIGNATURES = ("专家组长（签字）：", "专家（签字）：", "日期：")
CONTRADICTS = "与申报材料不符"
NOTHING_FOUND, NOTHING_DRAWN, NOBODY_ASKED = "没有记录发现。", "没有抽样。", "没有问卷结果。"
AGENDA = (
    Column("方式", 20, centred=True),
    Column("指标", 13, centred=True),
    Column("评估方法", 84),
    Column("完成情况", 45),
)
FINDINGS = (
    Column("时间", 30, centred=True),
    Column("记录人", 20, centred=True),
    Column("评估要素", 24, centred=True),
    Column("发现", 74),
    Column("照片", 14, centred=True),
)
DRAWS = (
    Column("次序", 12, centred=True),
    Column("清单", 34),
    Column("抽取", 22, centred=True),
    Column("抽中", 50),
    Column("抽样人、时间、原因", 44),
)
SEEDS = (Column("次序", 12, centred=True), Column("随机种子、清单校验值（SHA-256）", 150))
SURVEYS = (
    Column("对象", 22),
    Column("要素", 14, centred=True),
    Column("问题", 66),
    Column("回答（人数）", 60),
)


@dataclass(frozen=True, slots=True)
class Done:
    """An item of the agenda; `by` is empty where nobody ticked it off."""

    channel: Channel
    indicator: str
    method: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """What somebody of the panel found."""

    channel: Channel
    at: datetime
    by: str
    elements: tuple[str, ...]
    words: str
    contradicts: bool
    photos: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A random sample, with all it takes to draw it again."""

    number: int
    title: str
    population: int
    drawn: tuple[str, ...]
    seed: str
    list_digest: str
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A question of a questionnaire, and how many gave each answer."""

    survey: str
    element: str
    question: str
    answers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be."""

    subject: Subject
    agenda: Sequence[Done]
    found: Mapping[Channel, Sequence[Found]]
    draws: Sequence[Drawn]
    answers: Sequence[Answered]
    at: datetime


def paper(record: Record) -> Paper:
    """The record as the panel files it."""
    subject = record.subject
    return Paper(
        title=TITLE,
        lines=(subject.rubric.title, subject.line, subject.panel),
        parts=tuple(_parts(record)),
        footnote=subject.footnote,
        at=record.at,
    )


def _parts(record: Record) -> Iterator[Part]:
    done = sum(item.at is not None for item in record.agenda)
    yield Heading("评估日程")
    yield Lines((f"共 {len(record.agenda)} 项，已完成 {done} 项。",))
    yield Grid(AGENDA, [_agenda_row(item) for item in record.agenda])
    yield Heading("评估发现")
    if not any(record.found.values()):
        yield Lines((NOTHING_FOUND,))
    for channel, found in record.found.items():
        if found:
            yield Heading(CHANNELS[channel], 2)
            yield Grid(FINDINGS, [_found_row(each) for each in found])
    yield Heading("随机抽样")
    if record.draws:
        yield Grid(DRAWS, [_draw_row(draw) for draw in record.draws])
        yield Grid(SEEDS, [_again(draw) for draw in record.draws])
    else:
        yield Lines((NOTHING_DRAWN,))
    yield Heading("问卷调查")
    if record.answers:
        yield Grid(SURVEYS, [_answered_row(each) for each in record.answers])
    else:
        yield Lines((NOBODY_ASKED,))
    yield Signatures(SIGNATURES)


def _agenda_row(item: Done) -> tuple[str, ...]:
    ticked = f"{item.by}　{beijing(item.at)}" if item.at is not None else ""
    return (CHANNELS[item.channel], item.indicator, item.method, ticked)


def _found_row(found: Found) -> tuple[str, ...]:
    words = f"{found.words}（{CONTRADICTS}）" if found.contradicts else found.words
    photos = str(found.photos) if found.photos else ""
    return (beijing(found.at), found.by, "、".join(found.elements), words, photos)


def _draw_row(draw: Drawn) -> tuple[str, ...]:
    how = f"{draw.by}　{beijing(draw.at)}" + (f"　重抽：{draw.reason}" if draw.reason else "")
    return (
        str(draw.number),
        draw.title,
        f"{draw.population} 取 {len(draw.drawn)}",
        "、".join(draw.drawn),
        how,
    )


def _again(draw: Drawn) -> tuple[str, ...]:
    """What it takes, with the list, to draw it again."""
    return (str(draw.number), f"种子 {draw.seed}\n清单 {draw.list_digest}")


def _answered_row(answered: Answered) -> tuple[str, ...]:
    total = sum(count for _words, count in answered.answers)
    counts = "、".join(f"{words} {count}" for words, count in answered.answers)
    return (answered.survey, answered.element, answered.question, f"{counts}（共 {total}）")
