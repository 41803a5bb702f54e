"""The city's table: fifty a page, by district, by any of the three numbers, and as a file."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy.orm import Session

from portfolio.models import Cycle
from portfolio.queries.city import A_PAGE
from tests.conftest import Browser
from tests.factories import make_cycle, make_dossier, make_school, score_all
from tests.services.test_trend import support
from tests.web.office import names_on, text_of


@pytest.fixture
def cycle(store: Session) -> Cycle:
    return make_cycle(store)


def _three_schools(store: Session, cycle: Cycle) -> None:
    for name, district, share, supported in (
        ("甲学校", "未央区", "0.9", "0.1"),
        ("乙学校", "雁塔区", "0.5", "1.0"),
        ("丙学校", "雁塔区", "0.7", "0.5"),
    ):
        dossier = make_dossier(store, make_school(store, name, district), cycle)
        score_all(store, dossier, share=Decimal(share))
        support(store, dossier, Decimal(supported))
    store.commit()


def test_any_of_the_three_numbers_is_shown_and_sorted_by(
    store: Session, clerk: Browser, cycle: Cycle
) -> None:
    _three_schools(store, cycle)
    assert names_on(text_of(clerk, "/bureau?show=supported")) == ["乙学校", "丙学校", "甲学校"]
    assert names_on(text_of(clerk, "/bureau?show=at_risk")) == ["甲学校", "丙学校", "乙学校"]
    assert names_on(text_of(clerk, "/bureau?show=supported&sort=A1&order=asc")) == [
        "甲学校",
        "丙学校",
        "乙学校",
    ]
    first = text_of(clerk, "/bureau?show=supported").split("<tbody>")[1].split("</tr>")[0]
    assert re.findall(r"<span data-l[^>]+>([\d.]+)<", first)[0] == "3.0"


def test_a_district_is_chosen_and_the_standings_count_within_it(
    store: Session, clerk: Browser, cycle: Cycle
) -> None:
    _three_schools(store, cycle)
    page = text_of(clerk, "/bureau?district=雁塔区")
    assert names_on(page) == ["丙学校", "乙学校"]
    assert re.search(r'aria-current="true">[^<]+<span class="num">2</span>', page)
    assert '<option value="雁塔区" selected>雁塔区 (2)</option>' in page
    assert names_on(text_of(clerk, "/bureau?district=nowhere")) == []
    nobody = text_of(clerk, "/bureau?state=overdue")
    assert re.search(r'aria-current="true">[^<]+<span class="num">0</span>', nobody)


def test_fifty_schools_a_page_and_the_rest_on_the_next(store: Session, clerk: Browser, cycle: Cycle) -> None:
    for number in range(A_PAGE + 3):
        make_dossier(store, make_school(store, f"学校{number:03}"), cycle)
    store.commit()
    first = text_of(clerk, "/bureau?sort=school")
    assert names_on(first) == [f"学校{number:03}" for number in range(A_PAGE)]
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    last = text_of(clerk, following[1].replace("&amp;", "&"))
    assert names_on(last) == ["学校050", "学校051", "学校052"]
    assert 'rel="prev"' in last and 'rel="next"' not in last
    assert names_on(text_of(clerk, "/bureau?sort=school&page=9999")) == names_on(last)
    assert names_on(text_of(clerk, "/bureau?sort=school&page=none")) == names_on(first)


def test_the_weakest_elements_have_the_least_share_supported(
    store: Session, clerk: Browser, cycle: Cycle
) -> None:
    assert "h-weakest" not in text_of(clerk, "/bureau")
    _three_schools(store, cycle)
    page = text_of(clerk, "/bureau").split("h-weakest")[2]
    codes = re.findall(r"<b>(C\d+)</b>", page)
    assert len(codes) == 10
    assert not {"C1", "C2", "C3"} & set(codes)


def test_the_table_as_csv_holds_every_school_found_with_the_three_numbers(
    store: Session, clerk: Browser, cycle: Cycle
) -> None:
    _three_schools(store, cycle)
    answer = clerk.get("/bureau/city.csv?district=雁塔区&show=supported")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.get_data().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert len(rows[0]) == 3 + 3 + 1 + 7 * 3
    assert [row[1] for row in rows[1:]] == ["乙学校", "丙学校"]
    assert rows[1][3:10] == ["51.5", "3.0", "48.5", "0", "3.0", "3.0", "0.0"]


def test_a_name_that_a_spreadsheet_would_run_is_text(store: Session, clerk: Browser, cycle: Cycle) -> None:
    make_dossier(store, make_school(store, "=1+2"), cycle)
    store.commit()
    assert ",'=1+2," in clerk.get("/bureau/city.csv").get_data(as_text=True)
    sheet = openpyxl.load_workbook(io.BytesIO(clerk.get("/bureau/city.xlsx").get_data())).active
    assert sheet is not None
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+2", "s")


def test_the_table_as_a_workbook_holds_numbers(store: Session, clerk: Browser, cycle: Cycle) -> None:
    _three_schools(store, cycle)
    sheet = openpyxl.load_workbook(io.BytesIO(clerk.get("/bureau/city.xlsx").get_data())).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == ["甲学校", "丙学校", "乙学校"]
    assert isinstance(rows[1][3], float)
    assert clerk.get("/bureau/city.pdf").status_code == 404
