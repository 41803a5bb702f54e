"""The demo's content against the rubric it illustrates, and its files against the programs that read them."""

import csv
import io
import json
import re
import zlib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pylopdf_fonts_zh_cn
import pytest
from docx.oxml.ns import qn
from PIL import Image, ImageFont

from portfolio.demo import content, files, verdicts
from portfolio.demo.claims import drafts_for, figures_for
from portfolio.demo.materials import Material, materials_for
from portfolio.demo.verdicts import EXPERTS
from rubric.figures import implausible, parse_figure
from rubric.loader import DEFAULT, find

REFERENCE = Path(__file__).parents[1] / "data" / "reference.json"
DRAFTING, REVIEW, PUBLISHED = range(3)
COMPLETE = (REVIEW, PUBLISHED)
KINDS = {"plan", "rules", "minutes", "record", "report", "data", "photo", "certificate", "other"}
CHANNELS = {"listen", "documents", "inspect", "discuss", "interview", "observe", "survey"}
WINDOW = {2024, 2025, 2026}
EXIF_FOLDER, EXIF_TAKEN = 0x8769, 0x9003


@pytest.fixture(scope="module")
def points() -> dict[str, int]:
    """Points of the 84 elements by code."""
    rubric = json.loads(REFERENCE.read_text(encoding="utf-8"))
    groups = [group for indicator in rubric["indicators"] for group in indicator["children"]]
    return {element["code"]: element["points"] for group in groups for element in group["elements"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Material, Path]]:
    """Every file of the drafting and of the published school."""
    pairs = []
    for index in (DRAFTING, PUBLISHED):
        folder = tmp_path_factory.mktemp(content.schools()[index].key)
        for material in materials_for(index):
            pairs.append((material, files.make(material, content.schools()[index].name, folder)))
    return pairs


def of_format(made: list[tuple[Material, Path]], name: str) -> list[tuple[Material, Path]]:
    chosen = [(material, path) for material, path in made if material.format == name]
    assert chosen
    return chosen


def cited_by(school_index: int, code: str) -> list[Material]:
    materials = materials_for(school_index)
    return [material for material in materials if any(cite.element == code for cite in material.citations)]


def mapped_characters(pdf: bytes) -> set[str]:
    """The characters to which the PDF's ToUnicode tables lead back from its glyphs."""
    found = set()
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            stream = zlib.decompress(packed)
        except zlib.error:
            continue
        for code in re.findall(rb"<[0-9A-Fa-f]+> <([0-9A-Fa-f]{4})>", stream):
            found.add(chr(int(code, 16)))
    return found


def all_texts(material: Material) -> str:
    texts = [material.title, material.opening, material.closing]
    for page in material.pages:
        texts += [page.heading, *(text for fact in page.facts for text in fact), *page.paragraphs]
    return "".join(texts)


def test_three_schools_have_about_120_materials_in_every_format() -> None:
    materials = [material for index in range(3) for material in materials_for(index)]
    assert 115 <= len(materials) <= 135
    assert {"pdf", "docx", "xlsx", "jpg", "txt", "csv"} == {material.format for material in materials}
    assert {material.kind for material in materials} == KINDS


def test_stages_and_accounts_are_distinct() -> None:
    schools = content.schools()
    people = [person for index in range(3) for person in content.people(index)]
    everyone = [*people, *content.panel(), *content.district_office()]
    assert [school.stage for school in schools] == ["drafting", "review", "published"]
    assert len({person.username for person in everyone}) == len({person.name for person in everyone}) == 18
    assert Counter(person.role for person in everyone) == {
        "lead": 3, "principal": 3, "contributor": 6, "expert": 3, "chair": 1, "bureau": 1, "observer": 1,
    }  # fmt: skip


@pytest.mark.parametrize("index", COMPLETE)
def test_complete_school_backs_every_element_with_recent_evidence(index: int, points: dict[str, int]) -> None:
    for code in points:
        years = {year for material in cited_by(index, code) for year in material.school_years}
        assert years & WINDOW, code


@pytest.mark.parametrize("index", range(3))
def test_names_and_titles_are_unique_and_citations_name_real_elements(
    index: int, points: dict[str, int]
) -> None:
    materials = materials_for(index)
    assert len({material.file_name for material in materials}) == len(materials)
    assert len({material.title for material in materials}) == len(materials)
    assert {cite.element for material in materials for cite in material.citations} <= set(points)
    for material in materials:
        assert material.file_name.endswith(f".{material.format}")
        assert "{" not in all_texts(material) + material.remark + material.file_name, material.key


@pytest.mark.parametrize("index", range(3))
def test_scores_lie_on_the_step_between_seventy_percent_and_full(index: int, points: dict[str, int]) -> None:
    drafts = drafts_for(index)
    assert [draft.element for draft in drafts] == list(points)
    for draft in drafts:
        if draft.score is not None:
            assert draft.score % Decimal("0.1") == 0
            assert Decimal("0.7") * points[draft.element] <= draft.score <= points[draft.element], (
                draft.element
            )


@pytest.mark.parametrize("index", range(3))
def test_justifications_are_distinct_and_of_readable_length(index: int) -> None:
    texts = [draft.justification for draft in drafts_for(index) if draft.justification]
    assert len(set(texts)) == len(texts)
    for text in texts:
        assert 60 <= len(text) <= 180, text
        assert "{" not in text


@pytest.mark.parametrize("index", COMPLETE)
def test_complete_school_says_what_it_lacks_exactly_where_it_claims_less(
    index: int, points: dict[str, int]
) -> None:
    for draft in drafts_for(index):
        lacking = re.search("不足：|尚需改进：|未给满分的原因：", draft.justification) is not None
        assert draft.score is not None
        assert lacking == (draft.score < points[draft.element]), draft.element


def test_drafting_school_shows_gaps_of_every_kind(points: dict[str, int]) -> None:
    drafts = {draft.element: draft for draft in drafts_for(DRAFTING)}
    scored = {code: draft.score for code, draft in drafts.items() if draft.score is not None}
    materials = materials_for(DRAFTING)
    old_only = [
        code
        for code, score in scored.items()
        if score == points[code]
        and len(cited_by(DRAFTING, code)) == 1
        and not set(cited_by(DRAFTING, code)[0].school_years) & WINDOW
    ]
    assert len(scored) == 60
    assert sum(1 for code in scored if not drafts[code].justification) == 7
    assert sum(1 for code in scored if not cited_by(DRAFTING, code)) == 6
    assert sum(1 for code, draft in drafts.items() if draft.score is None and draft.justification) == 3
    assert old_only == ["C2", "C43", "C75"]
    assert sum(1 for material in materials if not material.citations) == 3


@pytest.mark.parametrize("index", COMPLETE)
def test_every_lost_point_carries_reason_and_channel(index: int, points: dict[str, int]) -> None:
    for expert in range(EXPERTS):
        scores = verdicts.expert_scores(index, expert)
        assert [score.element for score in scores] == list(points)
        for score in scores:
            loses = score.score < points[score.element]
            assert score.score >= 0 and score.score % Decimal("0.1") == 0
            assert bool(score.reason) == (score.channel in CHANNELS) == loses, score.element
    for final in verdicts.final_scores(index):
        assert bool(final.reason) == (final.score < points[final.element]), final.element


def test_about_thirty_elements_are_disputed() -> None:
    disputed = [reason for reason in verdicts.expert_reasons() if any(reason.lost)]
    assert 28 <= len(disputed) <= 35
    assert len({reason.channel for reason in disputed}) >= 6


@pytest.mark.parametrize("index", [0, 1, 2])
def test_figures_are_asked_for_can_be_read_and_fit_together(index: int) -> None:
    rubric = find(DEFAULT)
    asked = {figure.code: figure for figure in rubric.figures}
    counted = figures_for(index)
    assert {each.figure for each in counted} <= set(asked)
    newest = {
        each.figure: parse_figure(each.values[-1], asked[each.figure], rubric.units) for each in counted
    }
    assert implausible(rubric.figures, newest) == []
    assert ("boarders" in newest) == content.schools()[index].boarding
    pages = {material.key: len(material.pages) for material in materials_for(index)}
    assert all(each.page <= pages[each.proof] for each in counted if each.proof and each.page)


def test_every_file_is_small_and_has_its_own_content(made: list[tuple[Material, Path]]) -> None:
    assert all(path.stat().st_size < 200_000 for _, path in made)
    assert len({path.read_bytes() for _, path in made}) == len(made)


def test_pdfs_embed_their_font_and_have_the_pages_that_are_cited(made: list[tuple[Material, Path]]) -> None:
    for material, path in of_format(made, "pdf"):
        written = path.read_bytes()
        pages = re.search(rb"/Type\s*/Pages\s*/Count (\d+)", written)
        assert written.startswith(b"%PDF")
        assert b"/FontFile3" in written and b"/ToUnicode" in written
        assert pages and int(pages[1]) == len(material.pages), material.key
        for cite in material.citations:
            assert cite.page is not None and 1 <= cite.page <= len(material.pages), material.key


def test_text_of_pdfs_can_be_extracted(made: list[tuple[Material, Path]]) -> None:
    for material, path in of_format(made, "pdf"):
        wanted = {character for character in all_texts(material) if "\u4e00" <= character <= "\u9fff"}
        assert wanted <= mapped_characters(path.read_bytes()), material.key


def test_only_pdfs_are_cited_by_page() -> None:
    others = [material for material in materials_for(PUBLISHED) if material.format != "pdf"]
    assert {cite.page for material in others for cite in material.citations} == {None}


def test_embedded_fonts_have_a_glyph_for_every_character() -> None:
    characters = {
        character
        for index in range(3)
        for material in materials_for(index)
        for character in all_texts(material) + content.schools()[index].name
        if not character.isspace()
    }
    for path in (pylopdf_fonts_zh_cn.sans_path(), pylopdf_fonts_zh_cn.serif_path()):
        font = ImageFont.truetype(str(path), 24)
        missing = bytes(font.getmask("\U000e0fff"))
        assert [character for character in characters if bytes(font.getmask(character)) == missing] == []


def test_word_documents_open_with_chinese_fonts_named(made: list[tuple[Material, Path]]) -> None:
    for material, path in of_format(made, "docx"):
        document = docx.Document(str(path))
        texts = [paragraph.text for paragraph in document.paragraphs]
        fonts: Any = document.styles["Normal"].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == "宋体"
        assert material.title in texts
        assert all(paragraph in texts for page in material.pages for paragraph in page.paragraphs)


def test_workbooks_open_with_numbers_and_a_row_of_sums(made: list[tuple[Material, Path]]) -> None:
    for material, path in of_format(made, "xlsx"):
        table = material.table
        assert table
        formulas, values = (openpyxl.load_workbook(path, data_only=cached).active for cached in (False, True))
        assert formulas and values
        last = 4 + len(table.rows)
        header = [cell.value for cell in formulas[3]]
        assert header[: len(table.header)] == list(table.header)
        for column in table.summed:
            numbers = [values.cell(row, column + 1).value for row in range(4, last)]
            assert str(formulas.cell(last, column + 1).value).startswith("=SUM(")
            assert values.cell(last, column + 1).value == sum(numbers), material.key


def test_photographs_open_with_their_date(made: list[tuple[Material, Path]]) -> None:
    for material, path in of_format(made, "jpg"):
        with Image.open(path) as picture:
            picture.load()
            taken = picture.getexif().get_ifd(EXIF_FOLDER)[EXIF_TAKEN]
            assert picture.size == (1600, 1200)
            assert taken.startswith(material.dated_on.strftime("%Y:%m:%d "))


def test_csv_and_text_are_utf8(made: list[tuple[Material, Path]]) -> None:
    for material, path in of_format(made, "csv"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
        assert material.table and tuple(rows[0]) == material.table.header
        assert len(rows) == 1 + len(material.table.rows)
    for material, path in of_format(made, "txt"):
        assert material.pages[0].paragraphs[0] in path.read_text(encoding="utf-8")


def test_files_are_the_same_bytes_each_time(made: list[tuple[Material, Path]], tmp_path: Path) -> None:
    first_of_format = {material.format: (material, path) for material, path in reversed(made)}
    school = content.schools()[DRAFTING].name
    for material, path in first_of_format.values():
        assert files.make(material, school, tmp_path).read_bytes() == path.read_bytes(), material.format


def test_tables_of_grades_add_up_to_the_schools_pupils() -> None:
    for index, school in enumerate(content.schools()):
        library = next(material for material in materials_for(index) if material.key == "library")
        assert library.table
        assert [row[0] for row in library.table.rows] == list(school.grades)
        assert sum(int(row[1]) for row in library.table.rows) == school.pupils


def test_small_pdfs_are_distinct_tiny_and_well_formed() -> None:
    made = [files.make_small(number) for number in (0, 1, 12345, 999_999)]
    assert len(set(made)) == len(made)
    for written in made:
        assert len(written) < 1000
        start = re.search(rb"startxref\n(\d+)\n%%EOF\n$", written)
        assert start and written[int(start[1]) :].startswith(b"xref\n")
        offsets = re.findall(rb"(\d{10}) 00000 n ", written)
        for number, offset in enumerate(offsets, 1):
            assert written[int(offset) :].startswith(b"%d 0 obj" % number)
        length, stream = re.search(rb"/Length (\d+)>>stream\n(.*)\nendstream", written).groups()  # type: ignore[union-attr]
        assert int(length) == len(stream)
