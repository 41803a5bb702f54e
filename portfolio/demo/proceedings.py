"""What people of the demo write in the course of a review: on the visit, in a supplement, around the result."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from portfolio.demo.content import read, wording_of


@dataclass(frozen=True, slots=True)
class Ticked:
    """An item of the visit's agenda that is done; `by` is an expert's number or "chair", `at` a clock time."""

    item: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of the visit; `elements` as people write them, `photo` the caption of its picture."""

    by: str
    at: str
    channel: str
    words: str
    elements: str
    contradicts: bool
    photo: str | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample drawn: of these lines, or of as many numbers as `count` says."""

    by: str
    at: str
    title: str
    size: str
    lines: tuple[str, ...]
    count: str


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A questionnaire: its answers, and per question its element, its words and how many gave each answer."""

    by: str
    at: str
    title: str
    answers: tuple[str, ...]
    questions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the supplement; `by` is the expert who proposed it, None where it is the chair's own."""

    element: str
    question: str
    by: str | None


@dataclass(frozen=True, slots=True)
class VisitWords:
    """All that the panel puts down at the school, and what it asks for afterwards."""

    ticked: tuple[Ticked, ...]
    found: tuple[Found, ...]
    drawn: tuple[Drawn, ...]
    surveyed: Surveyed
    supplement: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class ListedItem:
    """A line of the rectification list; its last day counts from today."""

    days: int
    responsible: str
    measure: str


@dataclass(frozen=True, slots=True)
class AnsweredError:
    """What the school answers to a factual error, and why the chair accepts it; no reason: it still waits."""

    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AftermathWords:
    """What is written around the published school's result; items, what was done and answers by their element."""

    report: Mapping[str, str]
    items: Mapping[str, ListedItem]
    done: Mapping[str, str]
    answers: Mapping[str, AnsweredError]


@lru_cache(maxsize=4)
def visit(school_index: int) -> VisitWords:
    """The panel's day at a school."""
    written, words = read("visit.yaml"), wording_of(school_index)
    survey = written["surveyed"]
    return VisitWords(
        ticked=tuple(Ticked(each["item"], str(each["by"]), each["at"]) for each in written["ticked"]),
        found=tuple(
            Found(
                by=str(each["by"]),
                at=each["at"],
                channel=each["channel"],
                words=words.fill(each["words"]),
                elements=each["elements"],
                contradicts=each.get("contradicts", False),
                photo=each.get("photo"),
            )
            for each in written["found"]
        ),
        drawn=tuple(
            Drawn(
                by=str(each["by"]),
                at=each["at"],
                title=each["title"],
                size=str(each["size"]),
                lines=tuple(map(words.fill, each.get("lines", ()))),
                count=words.fill(each.get("count", "")),
            )
            for each in written["drawn"]
        ),
        surveyed=Surveyed(
            by=str(survey["by"]),
            at=survey["at"],
            title=survey["title"],
            answers=tuple(survey["answers"]),
            questions=tuple(tuple(map(str, question)) for question in survey["questions"]),
        ),
        supplement=tuple(
            Asked(each["element"], each["question"], str(each["by"]) if "by" in each else None)
            for each in written["supplement"]
        ),
    )


@lru_cache(maxsize=4)
def aftermath(school_index: int) -> AftermathWords:
    """The report, the list and the answers of a published school."""
    written, words = read("result.yaml"), wording_of(school_index)
    return AftermathWords(
        report=written["report"],
        items={
            code: ListedItem(item["days"], words.fill(item["responsible"]), item["measure"])
            for code, item in written["items"].items()
        },
        done=written["done"],
        answers={code: AnsweredError(**answer) for code, answer in written["answers"].items()},
    )
