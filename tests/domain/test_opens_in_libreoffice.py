"""Every document as LibreOffice reads it: opened without repair, set on pages, its words on them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest

from portfolio.documents import (
    catalogue,
    catalogue_docx,
    form_docx,
    form_xlsx,
    labels,
    notice,
    office_template,
    panel_docx,
    panel_report,
    panel_xlsx,
    paper_docx,
    placeholders,
    visit_record,
)
from portfolio.documents.archive import register
from portfolio.documents.form import Sheet, Shown
from portfolio.documents.starter import starter
from portfolio.models import TemplateKind
from portfolio.storage.local import LocalStorage
from rubric.loader import DEFAULT, find
from tests.archive_factory import SIGNED, Piece, package
from tests.fixtures_servers import absent
from tests.paper_factory import a_notice, a_record, a_report, a_sheet, a_summary

Pages = Callable[[str], list[str]]


def _office() -> str:
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return found or absent(
        "LibreOffice",
        "there is no soffice on PATH (Debian: libreoffice-writer-nogui, libreoffice-calc-nogui)",
    )


def _documents(folder: Path) -> dict[str, bytes]:
    storage = LocalStorage(folder / "files")
    pieces = [Piece("党支部会议记录", b"%PDF-1", ("C1", "C2")), Piece("工作计划", b"%PDF-2", ("C4",))]
    contents = package(storage, folder, pieces)
    listed, boxes = register.catalogue_of(contents), register.labels_of(contents)
    sheet = Sheet(find(DEFAULT), "西安市第一学校", "2026 年批次", shown=Shown.BOTH)
    return {
        "form.docx": form_docx.document(sheet),
        "table.xlsx": form_xlsx.workbook(sheet),
        "catalogue.docx": catalogue_docx.document(listed, at=SIGNED),
        "list.xlsx": catalogue.workbook(listed, at=SIGNED),
        "labels.docx": labels.document_docx(boxes, at=SIGNED),
        "score_sheet.docx": panel_docx.document(a_sheet()),
        "scores.xlsx": panel_xlsx.workbook(a_sheet()),
        "summary.docx": panel_docx.document(a_summary()),
        "summed.xlsx": panel_xlsx.workbook(a_summary()),
        "notice.docx": paper_docx.document(notice.paper(a_notice())),
        "report.docx": paper_docx.document(panel_report.paper(a_report())),
        "visit.docx": paper_docx.document(visit_record.paper(a_record())),
        "own.docx": _in_an_own_template(),
    }


def _in_an_own_template() -> bytes:
    fields = placeholders.of_notice(a_notice())
    known = placeholders.KNOWN[TemplateKind.NOTICE]
    return office_template.filled(starter(TemplateKind.NOTICE), fields, known, title="通知书", at=SIGNED)


def bare(text: str) -> str:
    """Without white space, and without quotation marks, which are read back at the end of their line."""
    return re.sub(r"[\s“”]", "", text)


def han(text: str) -> str:
    """Only its ideographs: signs of another font are read back in another order."""
    return re.sub(r"[^\u4e00-\u9fff]", "", text)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """The text of each page of a document, bare, by the document's name; fails on an empty page."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "files").mkdir()
    made = _documents(folder)
    for name, data in made.items():
        (folder / name).write_bytes(data)
    subprocess.run(
        [
            _office(),
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--convert-to", "pdf", "--outdir", str(folder)),
            *(str(folder / name) for name in made),
        ],
        check=True,
        capture_output=True,
        timeout=240,
    )

    def read(name: str) -> list[str]:
        texts = []
        with pypdfium2.PdfDocument(folder / f"{name}.pdf") as pdf:
            for page in pdf:
                dark = sum(page.render(scale=0.5).to_pil().convert("L").histogram()[:128])
                assert dark > 50, f"an empty page in {name}"
                texts.append(bare(page.get_textpage().get_text_bounded()))
        return texts

    return read


@pytest.mark.parametrize("name", ["form", "table"])
def test_the_official_form_with_its_headings_on_every_page(pages: Pages, name: str) -> None:
    found = pages(name)
    assert 4 <= len(found) <= 12
    assert bare(find(DEFAULT).title) in found[0]
    # counted, since words that stand side by side in two cells are read back in each other's midst
    wanted = Counter(han("".join(element.text for element in find(DEFAULT).elements)))
    assert wanted - Counter(han("".join(found))) == Counter()
    assert all("评估要素" in page and "自评终评" in page for page in found)


@pytest.mark.parametrize("name", ["catalogue", "list"])
def test_the_catalogue(pages: Pages, name: str) -> None:
    [page] = pages(name)
    assert "卷内目录" in page
    assert "A1-B1-C2-1党支部会议记录" in page
    assert "见A1-B1-C1-1" in page


def test_the_labels_on_one_page(pages: Pages) -> None:
    [page] = pages("labels")
    assert "A2-B2-C4-1" in page
    assert "西安市第一学校" in page


@pytest.mark.parametrize("name", ["score_sheet", "scores", "summary", "summed"])
def test_the_panels_tables_with_their_headings_on_every_page(pages: Pages, name: str) -> None:
    found = pages(name)
    assert 5 <= len(found) <= 14
    assert all("评估要素" in page for page in found[:-1])
    assert "A7小计" in "".join(found)
    assert "合计" in found[-1] + found[-2]


@pytest.mark.parametrize("name", ["notice", "own"])
def test_the_result_notice_in_the_built_in_layout_and_in_an_own_one(pages: Pages, name: str) -> None:
    found = "".join(pages(name))
    assert "评估结果通知书" in found
    assert "会议记录缺少五月的。" in found


def test_the_report_and_the_record_of_the_visit(pages: Pages) -> None:
    assert "整改清单" in "".join(pages("report"))
    assert "图书室每天开放两小时。" in "".join(pages("visit"))
