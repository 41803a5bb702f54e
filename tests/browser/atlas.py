"""Which pages each person of the demonstration has, found the way they find them: by following links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[str], str]  # a path of the installation → the HTML that this person is shown

DRAFTING, REVIEWED, PUBLISHED = "qinghuai", "baliu", "yunshan"  # the schools' keys, by where they stand


@dataclass(frozen=True)
class Stop:
    """One page on somebody's way; `status` is how it is answered."""

    name: str
    path: str
    status: int = 200


def outside(_read: Read) -> Iterator[Stop]:
    """Before anybody is logged in."""
    yield Stop("log in", "/login")
    yield Stop("unknown invitation", "/invitations/never-sent", 404)


def contributor(read: Read) -> Iterator[Stop]:
    """A contributor of the school that is still drafting."""
    home = _home(read)
    yield Stop("home", home)
    cells = read(home)
    for state in ("none", "bare", "ok", "gap"):
        yield Stop(
            f"element {state}", _first(cells, rf'class="heat-cell" data-s="{state}"[^>]* href="([^"]+)')
        )
    yield from _evidence(read, home)
    yield Stop("nothing found", _link(cells, r"/schools/\d+/evidence") + "?q=没有这样的材料")
    yield Stop("page refused", _link(cells, r"/schools/\d+/evidence").replace("evidence", "people"), 404)


def lead(read: Read) -> Iterator[Stop]:
    """The lead of the school that is still drafting."""
    home = _home(read)
    yield Stop("home", home)
    yield Stop("element", f"{home}/elements/C2")
    yield Stop("last element", f"{home}/elements/C84")
    yield Stop("submission", f"{home}/submission")
    yield Stop("result", f"{home}/result")
    yield Stop("people", _link(read(home), r"/schools/\d+/people"))
    yield Stop("account", "/account")


def principal(read: Read) -> Iterator[Stop]:
    """The principal of the school that is still drafting: reads, and will sign."""
    home = _home(read)
    yield Stop("home", home)
    yield Stop("element", f"{home}/elements/C2")
    yield Stop("submission", f"{home}/submission")


def applicant(read: Read) -> Iterator[Stop]:
    """The lead of a school that has submitted: what is frozen, what goes on, and what came of it."""
    home = _home(read)
    yield Stop("home", home)
    yield Stop("element", f"{home}/elements/C1")
    yield Stop("submission", f"{home}/submission")
    yield Stop("package", _link(read(f"{home}/submission"), r"/packages/\d+"))
    yield Stop("result", f"{home}/result")
    yield Stop("piece", _link(read(_link(read(home), r"/schools/\d+/evidence")), r"/evidence/\d+"))


def expert(read: Read) -> Iterator[Stop]:
    """An expert: what they were given, and each package's workspace."""
    yield Stop("packages", "/reviews")
    for review in _links(read("/reviews"), r"/reviews/\d+"):
        yield Stop("workspace", f"{review}/elements/C1")
        desk = read(f"{review}/elements/C1")
        yield Stop("workspace, another file", _link(desk, r"/reviews/\d+/elements/C1\?file=\d+"))
        yield Stop("workspace, no evidence", _without_evidence(read, review))
        yield Stop("workspace, filtered", f"{review}/elements/C40?show=far")
        yield Stop("package", _link(desk, r"/packages/\d+", _link(read("/reviews"), r"/reviews/\d+")))


def chair(read: Read) -> Iterator[Stop]:
    """The chair: the packages to settle."""
    yield Stop("packages", "/reviews")
    for table in _links(read("/reviews"), r"/rounds/\d+/settlement/\d+"):
        yield Stop("settlement", table)
        yield Stop("settlement, all by code", f"{table}?show=all&sort=code")
        yield Stop("package", _link(read(table), r"/packages/\d+"))


def bureau(read: Read) -> Iterator[Stop]:
    """The bureau and the observer: the city, and every school in it."""
    yield Stop("overview", "/bureau")
    yield Stop("overview, sorted", "/bureau?sort=A1&order=asc")
    yield Stop("overview, empty", "/bureau?state=overdue")
    yield Stop("cycles", "/bureau/cycles")
    yield Stop("cycle", _link(read("/bureau/cycles"), r"/bureau/cycles/\d+"))
    yield Stop("schools", "/bureau/schools")
    yield Stop("school", _link(read("/bureau/schools"), r"/bureau/schools/\d+"))
    yield Stop("panels", "/bureau/panels")
    yield Stop("accounts", "/bureau/accounts")
    yield Stop("person", _link(read("/bureau/accounts"), r"/bureau/accounts/\d+"))
    yield Stop("audit trail", "/bureau/audit")
    yield Stop(
        "dossier", _link(read(_link(read("/bureau/schools"), r"/bureau/schools/\d+")), r"/dossiers/\d+")
    )


def _evidence(read: Read, home: str) -> Iterator[Stop]:
    library = _link(read(home), r"/schools/\d+/evidence")
    yield Stop("evidence", library)
    yield Stop("evidence, gallery", f"{library}?view=gallery")
    yield Stop("piece", _link(read(f"{library}?cited=cited"), r"/evidence/\d+"))
    yield Stop("piece, not cited", _link(read(f"{library}?cited=uncited"), r"/evidence/\d+"))


def _without_evidence(read: Read, review: str) -> str:
    """The first element for which the school cites nothing; the first of all where there is none."""
    return _link(read(f"{review}/elements/C1?show=bare"), r"/reviews/\d+/elements/C\d+\?show=bare")


def _home(read: Read) -> str:
    return _link(read("/"), r"/dossiers/\d+")


def _link(html: str, address: str, otherwise: str = "") -> str:
    found = _links(html, address)
    assert found or otherwise, f"no link to {address}"
    return found[0] if found else otherwise


def _links(html: str, address: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="({address})(?="|#)', html)))


def _first(html: str, pattern: str) -> str:
    found = re.search(pattern, html)
    assert found, pattern
    return found[1]
