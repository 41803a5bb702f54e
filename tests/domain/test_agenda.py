"""The agenda of a visit is the rubric's own methods and nothing else."""

from __future__ import annotations

from rubric.agenda import ORDER, agenda, surveyed
from rubric.loader import DEFAULT, find
from rubric.model import Channel

RUBRIC = find(DEFAULT)


def test_every_channel_of_every_method_is_one_item() -> None:
    named = {
        (indicator.code, method.text, channel)
        for indicator in RUBRIC.indicators
        for method in indicator.methods
        for channel in method.channels
    }
    items = agenda(RUBRIC)
    assert {(item.indicator, item.method, item.channel) for item in items} == named
    assert len({item.key for item in items}) == len(items) == len(named)


def test_it_goes_in_the_order_of_a_visit() -> None:
    places = [ORDER.index(item.channel) for item in agenda(RUBRIC)]
    assert places == sorted(places)
    assert set(ORDER) == set(Channel)


def test_who_to_meet_and_which_lists_to_sample_are_words_of_the_official_line() -> None:
    items = agenda(RUBRIC)
    assert all(word in item.method for item in items for word in (*item.people, *item.lists))
    met = {item.method: item.people for item in items if item.channel is Channel.DISCUSS}
    assert met["召开党员教师座谈会"] == ("党员教师",)
    assert met["召开学生、教师、家长座谈会"] == ("学生", "教师", "家长")
    assert [item.people for item in items if item.people and item.channel is Channel.LISTEN] == []
    lists = {word for item in items for word in item.lists}
    assert {"教师档案袋", "教师业务档案", "学生学籍档案"} <= lists


def test_a7_is_among_what_questionnaires_ask_about() -> None:
    a7 = {element.code for element in RUBRIC.elements if element.indicator == "A7"}
    assert a7 <= surveyed(RUBRIC)
    assert "C1" not in surveyed(RUBRIC)
