"""Chinese first, English complete beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

import pytest
from sqlalchemy.orm import Session

from portfolio import wording
from portfolio.audit import Action
from portfolio.models import DossierState, EvidenceKind, Role, SettlementRule, Stage
from rubric.gaps import ElementStatus, Rule
from rubric.model import Channel
from tests.conftest import Browser
from tests.factories import make_dossier, make_staff


def test_pages_are_chinese_until_somebody_chooses_english(browser: Callable[[], Browser]) -> None:
    visitor = browser()
    assert 'lang="zh-CN"' in visitor.get("/login").get_data(as_text=True)
    visitor.post("/language", {"locale": "en"})
    page = visitor.get("/login").get_data(as_text=True)
    assert 'lang="en"' in page
    assert "Log in" in page


def test_the_choice_is_kept_with_the_account(
    store: Session, browser: Callable[[], Browser], log_in: Callable[..., Browser]
) -> None:
    staff = make_staff(store, make_dossier(store).school)
    store.commit()
    log_in(staff.lead).post("/language", {"locale": "en"})
    elsewhere = browser().log_in(staff.lead)
    assert 'lang="en"' in elsewhere.get("/account").get_data(as_text=True)


def test_an_unknown_language_changes_nothing(browser: Callable[[], Browser]) -> None:
    visitor = browser()
    visitor.post("/language", {"locale": "xx"})
    assert 'lang="zh-CN"' in visitor.get("/login").get_data(as_text=True)


@pytest.mark.parametrize("path", ["", "/elements/C38", "/submission", "/result"])
def test_a_chinese_page_holds_no_english_sentence(
    store: Session, log_in: Callable[..., Browser], path: str
) -> None:
    dossier = make_dossier(store)
    staff = make_staff(store, dossier.school)
    store.commit()
    page = log_in(staff.lead).get(f"/dossiers/{dossier.id}{path}").get_data(as_text=True)
    body = re.sub(
        r"<(script|style|code|kbd)[^>]*>.*?</\1>|<[^>]+>", " ", page.partition("<body>")[2], flags=re.DOTALL
    )
    assert re.findall(r"[A-Za-z]{3,} [a-z]{2,}", body) == []


@pytest.mark.parametrize(
    ("words", "members"),
    [
        (wording.ROLES, Role),
        (wording.STAGES, Stage),
        (wording.KINDS, EvidenceKind),
        (wording.CHANNELS, Channel),
        (wording.STATES, DossierState),
        (wording.STATUSES, ElementStatus),
        (wording.SETTLEMENT_RULES, SettlementRule),
        (wording.GAPS, Rule),
        (wording.GAP_STATES, Rule),
        (wording.AUDIT_ACTIONS, Action),
    ],
)
def test_every_value_has_its_words(words: dict[object, object], members: type[Enum]) -> None:
    assert set(words) == set(members)
