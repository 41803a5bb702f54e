"""The `portfolio` command: what an operator can do from a shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from config import SettingsInvalid
from portfolio.commands import (
    accounts,
    demo,
    moving,
    packaging,
    readiness,
    reminding,
    rubrics,
    serving,
    store,
    suggesting,
    working,
)
from portfolio.commands.installation import CannotRun
from portfolio.db import DatabaseMisconfigured
from portfolio.errors import DomainError
from portfolio.storage import StorageError, is_digest
from rubric.loader import DEFAULT

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

# What an operator can put right; anything else is a defect of ours and keeps its traceback.
EXPLAINED = (SettingsInvalid, DatabaseMisconfigured, StorageError, CannotRun)
CANNOT_RUN = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Its exit code: 0 done, 1 what it looked at has mistakes, 2 it can't run."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except EXPLAINED as error:
        return _refuse(str(error))
    except DomainError as error:
        from portfolio.wording import explain  # brings Flask's translations, which no other command needs

        return _refuse(explain(error))
    except BrokenPipeError:  # whoever reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def _refuse(words: str) -> int:
    print(f"portfolio: {' '.join(words.split())}", file=sys.stderr)
    return CANNOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="portfolio",
        description="Self-assessment and evidence portfolio for schools.",
        epilog="PORTFOLIO_DATA names the folder of the database, the files and the secret (default: var).",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (
        _add_serve,
        _add_work,
        _add_store,
        _add_readiness,
        _add_package,
        _add_moving,
        _add_invite,
        _add_remind,
        _add_rubric,
        _add_suggest,
        _add_demo,
    ):
        add(commands)
    return parser


def _add_serve(commands: Commands) -> None:
    serve = commands.add_parser("serve", help="answer browsers")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    serve.add_argument(
        "--port", type=_port, default=8000, help="port to listen on, 0 for any free one (default: 8000)"
    )
    serve.add_argument(
        "--without-jobs", action="store_true", help="leave background jobs to a `portfolio work` run apart"
    )
    serve.set_defaults(run=serving.serve)


def _add_work(commands: Commands) -> None:
    work = commands.add_parser(
        "work", help="do background jobs, where `serve` runs without them or on another machine"
    )
    work.add_argument(
        "--workers", type=_count, metavar="N", help="jobs at once (default: half the machine's cores)"
    )
    work.add_argument("--parent", type=int, help=argparse.SUPPRESS)  # whose end is this one's too
    work.set_defaults(run=working.work)


def _add_store(commands: Commands) -> None:
    migrate = commands.add_parser("migrate", help="bring the database's schema up to date")
    migrate.set_defaults(run=store.migrate)
    check = commands.add_parser("check", help="see whether every file and every package is whole")
    check.add_argument(
        "--quick", action="store_true", help="compare files by their size, without reading them"
    )
    check.set_defaults(run=store.check)
    sweep = commands.add_parser(
        "sweep",
        help="remove expired uploads, what was in the trash for 30 days, and bytes that nothing refers to",
    )
    sweep.set_defaults(run=store.sweep)
    reindex = commands.add_parser("reindex", help="make the search index anew from the text that was read")
    reindex.set_defaults(run=store.reindex)


def _add_readiness(commands: Commands) -> None:
    record = commands.add_parser(
        "record", help="record today's readiness of every school, unless a log-in has done it"
    )
    record.set_defaults(run=readiness.record)
    summaries = commands.add_parser("summaries", help="compare the city's sums with what they sum up")
    summaries.add_argument("--rebuild", action="store_true", help="write them anew")
    summaries.set_defaults(run=readiness.summaries)


def _add_package(commands: Commands) -> None:
    package = commands.add_parser("package", help="write or verify the archive of a package")
    verbs = package.add_subparsers(required=True, metavar="VERB")
    verify = verbs.add_parser("verify", help="name everything in an archive that is not what was signed")
    verify.add_argument("file", type=Path, metavar="FILE", help="the ZIP, or the folder it was unpacked to")
    verify.add_argument("--digest", type=_digest, help="the receipt's: the archive must hold this package")
    verify.add_argument(
        "--ca",
        type=_certificates,
        metavar="PEM",
        help="certificates that the time stamp's signature must lead to",
    )
    verify.add_argument("--all", action="store_true", help="name the files that are whole too")
    verify.set_defaults(run=packaging.verify)
    export = verbs.add_parser("export", help="write the archive of a package")
    export.add_argument("digest", type=_digest, metavar="DIGEST", help="the package's SHA-256")
    export.add_argument("file", type=Path, metavar="FILE", help="the ZIP to write")
    export.add_argument(
        "--originals", action="store_true", help="pictures as uploaded, with their place and device"
    )
    export.set_defaults(run=packaging.export)


def _add_moving(commands: Commands) -> None:
    leave = commands.add_parser(
        "export-school", help="write everything a school owns, for another installation"
    )
    leave.add_argument("school", metavar="SCHOOL", help="its name or number")
    leave.add_argument("file", type=Path, metavar="FILE", help="the ZIP to write")
    leave.set_defaults(run=moving.export)
    come = commands.add_parser("import-school", help="take in what export-school wrote, wholly or not at all")
    come.add_argument("file", type=Path, metavar="FILE")
    come.add_argument("--digest", type=_digest, help="what export-school printed: no other archive is taken")
    come.set_defaults(run=moving.take_in)


def _add_invite(commands: Commands) -> None:
    invite = commands.add_parser("invite", help="print a one-time link that makes an account")
    invite.add_argument("--role", required=True, choices=accounts.ROLES, help="what the person will be")
    invite.add_argument("--name", required=True, help="the person's name")
    invite.add_argument("--school", help="the school's name or number, for contributor, lead and principal")
    invite.add_argument(
        "--base-url",
        default="http://127.0.0.1:8000",
        help="the address people reach this site at (default: %(default)s)",
    )
    invite.set_defaults(run=accounts.invite)


def _add_remind(commands: Commands) -> None:
    remind = commands.add_parser(
        "remind", help="mail people what is due in their elements, now; each reminder goes once"
    )
    remind.set_defaults(run=reminding.remind)


def _add_rubric(commands: Commands) -> None:
    rubric = commands.add_parser("rubric", help="validate or show a rubric")
    verbs = rubric.add_subparsers(required=True, metavar="VERB")
    validate = verbs.add_parser("validate", help="name every mistake of a rubric file, with its line")
    validate.add_argument("file", type=Path, metavar="FILE")
    validate.set_defaults(run=rubrics.validate)
    show = verbs.add_parser("show", help="print a whole rubric")
    show.add_argument("--name", default=DEFAULT, help="which one (default: %(default)s)")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(run=rubrics.show)


def _add_suggest(commands: Commands) -> None:
    suggest = commands.add_parser(
        "suggest",
        help="read titles from standard input, one a line, and print the elements they may belong to",
    )
    suggest.add_argument("--name", default=DEFAULT, help="the rubric (default: %(default)s)")
    suggest.add_argument(
        "--limit", type=_count, default=3, metavar="N", help="codes a title, at most (default: 3)"
    )
    suggest.set_defaults(run=suggesting.suggest)


def _add_demo(commands: Commands) -> None:
    load = commands.add_parser(
        "demo", help="fill an empty store with demonstration data and print its accounts"
    )
    load.add_argument("--json", action="store_true", help="print the accounts as JSON")
    load.add_argument(
        "--schools", type=_count, metavar="N", help="for benchmarks: a city of this many schools"
    )
    load.add_argument(
        "--evidence", type=_count, metavar="M", help="for benchmarks: this much evidence a school"
    )
    load.add_argument(
        "--if-empty", action="store_true", help="leave a store that is in use alone, without a word"
    )
    load.set_defaults(run=demo.demo)


def _port(typed: str) -> int:
    if not typed.isdecimal() or int(typed) > 65535:
        raise argparse.ArgumentTypeError(f"{typed!r} is not a port (0 to 65535)")
    return int(typed)


def _digest(typed: str) -> str:
    digest = "".join(typed.split()).lower()
    if not is_digest(digest):
        raise argparse.ArgumentTypeError(f"{typed!r} is not a SHA-256 digest (64 hexadecimal digits)")
    return digest


def _certificates(typed: str) -> Path:
    path = Path(typed)
    if not path.is_file() or b"BEGIN CERTIFICATE" not in path.read_bytes():
        raise argparse.ArgumentTypeError(f"{typed} holds no certificates (PEM)")
    return path


def _count(typed: str) -> int:
    if not typed.isdecimal() or int(typed) == 0:
        raise argparse.ArgumentTypeError(f"{typed!r} is not a number from 1 on")
    return int(typed)


if __name__ == "__main__":
    sys.exit(main())
