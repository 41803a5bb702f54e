"""The rubric of the city, character by character, and what the model can say about it."""

import hashlib
import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path

import pytest

from rubric.loader import DATA, DEFAULT, available, find, load
from rubric.model import Channel, Rubric, from_described

TEST_DATA = Path(__file__).parents[1] / "data"
REFERENCE = json.loads((TEST_DATA / "reference.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def xian() -> Rubric:
    return find(DEFAULT)


@pytest.fixture(scope="module")
def small() -> Rubric:
    return load(TEST_DATA / "small-rubric.yaml")


def test_wording_is_the_reference_character_by_character(xian: Rubric) -> None:
    ours = json.dumps(xian.official(), ensure_ascii=False, indent=1)
    assert ours == json.dumps(REFERENCE, ensure_ascii=False, indent=1)


def test_the_city_rubric_has_7_21_84_and_100_points(xian: Rubric) -> None:
    children = [child for indicator in xian.indicators for child in indicator.children]
    assert (len(xian.indicators), len(children), len(xian.elements)) == (7, 21, 84)
    assert xian.total_points == sum(element.points for element in xian.elements) == 100
    assert [element.number for element in xian.elements] == list(range(1, 85))


def test_digest_can_be_recomputed_from_the_published_wording(xian: Rubric) -> None:
    canonical = json.dumps(REFERENCE, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert xian.digest == hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def test_short_titles_are_distinct_chinese_words(xian: Rubric) -> None:
    titles = [element.short_title for element in xian.elements]
    assert len(set(titles)) == 84
    assert all(4 <= len(title) <= 10 and "\u4e00" <= min(title) <= max(title) <= "\u9fff" for title in titles)


@pytest.mark.parametrize(
    ("indicator", "words", "channels"),
    [
        ("A3", "听课、现场查看", (Channel.OBSERVE, Channel.INSPECT)),
        (
            "A5",
            "实地考察，问卷调查，查看近三年学校活动记录",
            (Channel.INSPECT, Channel.SURVEY, Channel.DOCUMENTS),
        ),
        ("A6", "听汇报，查阅资料", (Channel.LISTEN, Channel.DOCUMENTS)),
        ("A1", "学校党组织书记访谈", (Channel.INTERVIEW,)),
        ("A1", "召开党员教师座谈会", (Channel.DISCUSS,)),
    ],
)
def test_a_method_names_every_channel_it_uses(
    xian: Rubric, indicator: str, words: str, channels: tuple[Channel, ...]
) -> None:
    methods = {a.code: {method.text: method.channels for method in a.methods} for a in xian.indicators}
    assert methods[indicator][words] == channels


def test_an_element_knows_its_place(xian: Rubric) -> None:
    element = xian.element("C38")
    assert (element.indicator, element.sub_indicator, element.points) == ("A4", "B11", Decimal(2))
    assert xian.indicator_of("C38").title == "学校教师与发展支持"
    assert element in xian.sub_indicator_of("C38").elements
    assert element in xian.indicator_of("C38").elements


def test_neighbours_cross_indicators_and_end_at_both_ends(xian: Rubric) -> None:
    before, after = xian.previous("C34"), xian.next("C33")
    assert before is not None and before.code == "C33"
    assert after is not None and after.code == "C34"
    assert xian.previous("C1") is None
    assert xian.next("C84") is None


@pytest.mark.parametrize("code", ["C85", "B11", "", "c38"])
def test_an_unknown_code_is_a_key_error(xian: Rubric, code: str) -> None:
    for ask in (xian.element, xian.indicator_of, xian.sub_indicator_of, xian.previous, xian.next):
        with pytest.raises(KeyError):
            ask(code)


@pytest.mark.parametrize("name", ["xian", "small"])
def test_a_stored_snapshot_reads_back_the_same(name: str, request: pytest.FixtureRequest) -> None:
    rubric: Rubric = request.getfixturevalue(name)
    stored = json.dumps(rubric.described(), ensure_ascii=False)
    again = from_described(json.loads(stored))
    assert again == rubric
    assert again.digest == rubric.digest


def test_described_is_the_reference_and_what_we_add(xian: Rubric) -> None:
    described = deepcopy(xian.described())
    assert described.pop("name") == DEFAULT
    assert described.pop("digest") == xian.digest
    assert described.pop("units")
    assert described.pop("figures")
    for indicator in described["indicators"]:
        assert len(indicator.pop("channels")) == len(indicator["methods"])
        for child in indicator["children"]:
            for element in child["elements"]:
                assert element.pop("short_title")
                assert element.pop("expected")
                element.pop("measures", None)
    assert described == REFERENCE


def test_a_snapshot_whose_wording_was_changed_is_refused(small: Rubric) -> None:
    tampered = small.described()
    tampered["indicators"][0]["children"][0]["elements"][0]["points"] = 1
    with pytest.raises(ValueError, match="digest"):
        from_described(tampered)


def test_short_titles_and_channels_are_not_part_of_the_digest(small: Rubric) -> None:
    reworded = small.described()
    reworded["indicators"][0]["channels"] = [["survey"]]
    reworded["indicators"][0]["children"][0]["elements"][0]["short_title"] = "另一个短题"
    assert from_described(reworded).digest == small.digest


def test_half_points_stay_exact(small: Rubric) -> None:
    assert small.total_points == Decimal("7.5")
    assert small.official()["total_points"] == 7.5
    assert isinstance(small.official()["indicators"][1]["points"], int)


def test_another_rubric_is_a_new_file_and_no_code() -> None:
    assert "small-rubric" not in available()
    assert available(TEST_DATA) == sorted([*available(), "small-rubric"])
    assert [element.code for element in find("small-rubric", TEST_DATA).elements] == [
        "C1",
        "C2",
        "C3",
        "C4",
        "C5",
    ]


def test_a_rubric_is_read_once() -> None:
    assert find(DEFAULT) is find(DEFAULT)


@pytest.mark.parametrize(
    "name", ["no-such-rubric", "../data/xian-new-quality-school", "", "XIAN", f"{DATA}/x"]
)
def test_an_unknown_name_is_a_lookup_error_that_names_the_known(name: str) -> None:
    with pytest.raises(LookupError, match=DEFAULT):
        find(name)
