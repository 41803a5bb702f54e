"""The process that reads a file is alone, poor and mortal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portfolio.derive import Derived, Failure, Limits, derive, runner
from tests.derive.samples import sound

Crash = Callable[[str], Derived | Failure]


@pytest.fixture
def with_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Crash:
    """Runs a program in place of the one that reads."""

    def run(program: str) -> Derived | Failure:
        child, source = tmp_path / "child.py", tmp_path / "stored"
        child.write_text(f"import os, signal, subprocess, sys, time\n{program}\n", encoding="utf-8")
        source.write_bytes(b"x")
        monkeypatch.setattr(runner, "_CHILD", child)
        return derive(source, "text/plain", tmp_path / "out", Limits(seconds=3))

    return run


@pytest.mark.parametrize(
    ("program", "failure"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", Failure("crashed", "Segmentation fault")),
        ("os.kill(os.getpid(), signal.SIGKILL)", Failure("out_of_memory", "killed")),
        ("os.kill(os.getpid(), signal.SIGXCPU)", Failure("timed_out", "CPU time limit exceeded")),
        ("sys.exit(3)", Failure("crashed", "exit 3")),
        ("time.sleep(60)", Failure("timed_out", "3 s")),
    ],
)
def test_however_it_ends_there_is_a_reason(
    with_child: Crash, tmp_path: Path, program: str, failure: Failure
) -> None:
    assert with_child(program) == failure
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "{}",
        '{"derived": {}}',
        '{"failure": {"reason": 1}}',
        '{"derived": {"page_count": null, "pages": [], "images": [], "taken_at": null, "duration_seconds": null, '
        '"public_copy": "../stored", "text_source": "none", "notes": []}}',
        '{"derived": {"page_count": null, "pages": [], "images": [], "taken_at": null, "duration_seconds": null, '
        '"public_copy": "missing.jpg", "text_source": "none", "notes": []}}',
    ],
)
def test_an_answer_that_is_none_or_names_other_files_is_not_believed(with_child: Crash, answer: str) -> None:
    result = with_child(f"print({answer!r})")
    assert isinstance(result, Failure)
    assert result.reason_code == "crashed"


def test_a_link_to_another_file_is_not_believed(with_child: Crash) -> None:
    answer = (
        '{"derived": {"page_count": null, "pages": [], "images": [], "taken_at": null, "duration_seconds": null, '
        '"public_copy": "public.jpg", "text_source": "none", "notes": []}}'
    )
    result = with_child(f"os.symlink('/etc/passwd', '../public.jpg'); print({answer!r})")
    assert isinstance(result, Failure)
    assert result.reason_code == "crashed"


def test_what_it_started_ends_with_it(with_child: Crash, tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    forever = f"while True:\n open({str(beat)!r}, 'w').close()\n time.sleep(0.02)"
    with_child(f"subprocess.Popen([sys.executable, '-c', 'import time\\n' + {forever!r}]); time.sleep(0.5)")
    assert beat.exists()
    time.sleep(0.1)
    beat.unlink()
    time.sleep(0.3)
    assert not beat.exists()


def test_it_learns_no_secret_of_the_application(
    with_child: Crash, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "very secret")
    seen = tmp_path / "seen"
    with_child(f"open({str(seen)!r}, 'w').write(repr(sorted(os.environ)))")
    assert "SECRET_KEY" not in seen.read_text(encoding="utf-8")
    assert "HOME" in seen.read_text(encoding="utf-8")


def test_it_loads_neither_the_application_nor_its_database(with_child: Crash, tmp_path: Path) -> None:
    seen, program = tmp_path / "seen", Path(runner.__file__).with_name("child.py")
    with_child(
        f"import runpy\nrunpy.run_path({str(program)!r}, run_name='__main__')\n"
        f"open({str(seen)!r}, 'w').write(' '.join(sys.modules))"
    )
    loaded = seen.read_text(encoding="utf-8").split()
    assert "portfolio.derive.plain" in loaded
    assert not {"flask", "sqlalchemy", "portfolio.db", "PIL", "lxml"} & set(loaded)


def test_a_result_can_be_asked_for_by_a_path_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("stored").write_bytes(sound(1))
    assert isinstance(derive(Path("stored"), "audio/wav", Path("out"), Limits()), Derived)
    assert os.listdir("out") == []
