"""Which pages each person of the demonstration has, found the way they find them: by following links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[str], str]  # a path of the installation → the HTML that this person is shown


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
    for state in ("none", "bare", "ok", "gap"):
        yield Stop(f"element, {state}", _first(read(home), rf'data-s="{state}"[^>]* href="([^"]+)'))
    library = _link(read(home), r"/schools/\d+/evidence")
    yield Stop("evidence", library)
    yield Stop("evidence, gallery", f"{library}?view=gallery")
    yield Stop("to be cited", f"{library}/uncited")
    yield Stop("evidence, nothing found", f"{library}?q=没有这样的材料")
    yield Stop("search, by name", f"{library}?q=活动记录&for=C14")
    yield Stop("search, one to choose", f"{library}?q=教学")
    yield Stop("trash, searched", f"{library}/trash?q=活动记录")
    yield Stop("piece", _link(read(f"{library}?cited=cited"), r"/evidence/\d+"))
    yield Stop("piece, not cited", _link(read(f"{library}?cited=uncited"), r"/evidence/\d+"))
    yield Stop("not theirs", library.replace("evidence", "people"), 404)
    yield Stop("my work", f"{home}/work/mine")
    yield Stop("figures", f"{home}/figures")


def lead(read: Read) -> Iterator[Stop]:
    """The lead of the school that is still drafting."""
    home = _home(read)
    yield Stop("home", home)
    yield Stop("element", f"{home}/elements/C2")
    yield Stop("submission", f"{home}/submission")
    yield Stop("report", f"{home}/report")
    yield Stop("working sheet", f"{home}/worksheet")
    yield Stop("result", f"{home}/result")
    yield Stop("people", _link(read(home), r"/schools/\d+/people"))
    yield Stop("account", "/account")
    yield Stop("who does what", f"{home}/work")
    yield Stop("nothing to start from", f"{home}/carry-over")
    yield Stop("element with measures", f"{home}/elements/C54")


def principal(read: Read) -> Iterator[Stop]:
    """A principal: reads, and signs what is handed over."""
    home = _home(read)
    yield Stop("element", f"{home}/elements/C2")
    yield Stop("submission", f"{home}/submission")
    yield Stop("report", f"{home}/report")


def applicant(read: Read) -> Iterator[Stop]:
    """The lead of a school that has submitted: what is frozen, what goes on, and what came of it."""
    home = _home(read)
    yield Stop("home", home)
    yield Stop("among the city's schools", f"{home}/city")
    yield Stop("submission", f"{home}/submission")
    yield Stop("package", _link(read(f"{home}/submission"), r"/packages/\d+"))
    yield Stop("result", f"{home}/result")
    library = _link(read(home), r"/schools/\d+/evidence")
    yield Stop("piece", _link(read(f"{library}?cited=cited"), r"/evidence/\d+"))


def expert(read: Read) -> Iterator[Stop]:
    """An expert: what they were given, and the workspace of what is to be done first."""
    yield Stop("packages", "/reviews")
    yield Stop("workspace", _link(read("/reviews"), r"/reviews/\d+") + "/elements/C2")
    visit = _link(read("/reviews"), r"/rounds/\d+/visit/\d+")
    yield Stop("visit, agenda", visit)
    yield Stop("visit, findings", f"{visit}/findings?elements=C14&channel=inspect")
    yield Stop("visit, samples", f"{visit}/draws")
    yield Stop("visit, questionnaires", f"{visit}/surveys")


def busy_expert(read: Read) -> Iterator[Stop]:
    """An expert at work: the workspace with several files, and with none."""
    yield from expert(read)
    review = _link(read("/reviews"), r"/reviews/\d+")
    yield Stop("workspace, another file", f"{review}/elements/C10?file=2")
    bare = f"{review}/elements/C1?show=bare"
    yield Stop("workspace, no evidence", _first(read(bare), r'class="todo">\s*<li><a href="([^"]+)'))


def chair(read: Read) -> Iterator[Stop]:
    """The chair: the packages to settle, and what each school submitted."""
    yield Stop("packages", "/reviews")
    tables = _links(read("/reviews"), r"/rounds/\d+/settlement/\d+")
    yield from (Stop("settlement", table) for table in tables)
    yield Stop("supplement", f"{tables[0]}/supplement")
    yield Stop("package", _link(read(tables[0]), r"/packages/\d+"))


def settlement(read: Read) -> Iterator[Stop]:
    """The chair, at the package that is to be settled first."""
    yield Stop("settlement", _link(read("/reviews"), r"/rounds/\d+/settlement/\d+"))


def bureau(read: Read) -> Iterator[Stop]:
    """The bureau: the city, and every school in it."""
    yield Stop("overview", "/bureau")
    yield Stop("overview, nothing stands there", "/bureau?state=overdue")
    yield Stop("overview, what is at risk", "/bureau?show=at_risk&sort=A3")
    yield Stop("cycles", "/bureau/cycles")
    yield Stop("cycle", _link(read("/bureau/cycles"), r"/bureau/cycles/\d+"))
    yield Stop("schools", "/bureau/schools")
    school = _link(read("/bureau/schools"), r"/bureau/schools/\d+")
    yield Stop("school", school)
    yield Stop("people", _link(read(school), r"/schools/\d+/people"))
    yield Stop("dossier", _link(read(school), r"/dossiers/\d+"))
    yield Stop("panels", "/bureau/panels")
    yield Stop("progress", "/bureau/progress")
    yield Stop("reminders", _link(read("/bureau/progress"), r"/bureau/cycles/\d+/reminders"))
    yield Stop("publication", "/bureau/publication")
    yield Stop("certificates", "/bureau/certificates")
    yield Stop("who scores what", _links(read("/bureau/panels"), r"/bureau/assignments/\d+/allotment")[-1])
    round_ = _first(read("/bureau/panels"), r'action="(/bureau/rounds/\d+)/panels')
    yield Stop("assigning, nothing waits", f"{round_}/assigning")
    yield Stop("assigning from a sheet", f"{round_}/assigning/sheet")
    yield Stop("accounts", "/bureau/accounts")
    yield Stop("person", _link(read("/bureau/accounts"), r"/bureau/accounts/\d+"))
    yield Stop("audit trail", "/bureau/audit")
    yield Stop("proof", "/proof")
    yield Stop("proof, nobody's", f"/proof?digest={'0' * 64}")
    yield Stop("proof, mistyped", "/proof?digest=0x", 422)


def observer(read: Read) -> Iterator[Stop]:
    """The observer: what the bureau sees, and a school's evidence, without anything to press."""
    yield Stop("cycles", "/bureau/cycles")
    yield Stop("cycle", _link(read("/bureau/cycles"), r"/bureau/cycles/\d+"))
    school = _link(read("/bureau/schools"), r"/bureau/schools/\d+")
    yield Stop("school", school)
    yield Stop("submission", _link(read(school), r"/dossiers/\d+") + "/submission")
    library = school.removeprefix("/bureau") + "/evidence"
    yield Stop("evidence", library)
    yield Stop("piece", _link(read(library), r"/evidence/\d+"))
    yield Stop("person", _link(read("/bureau/accounts"), r"/bureau/accounts/\d+"))


def newcomer(read: Read) -> Iterator[Stop]:
    """The lead of a school that has only just begun."""
    home = _home(read)
    yield Stop("home", home)
    yield Stop("element", f"{home}/elements/C1")
    yield Stop("figures, none entered", f"{home}/figures")
    yield Stop("my work, none", f"{home}/work/mine")
    yield Stop("evidence", _link(read(home), r"/schools/\d+/evidence"))
    yield Stop("submission", f"{home}/submission")
    yield Stop("result", f"{home}/result")


def empty_office(_read: Read) -> Iterator[Stop]:
    """The bureau on its first day."""
    for name in (
        "",
        "/cycles",
        "/schools",
        "/panels",
        "/progress",
        "/publication",
        "/certificates",
        "/audit",
    ):
        yield Stop(f"first day {name}", f"/bureau{name}")


def _home(read: Read) -> str:
    return _link(read("/"), r"/dossiers/\d+")


def _link(html: str, address: str) -> str:
    return _first(html, rf'href="({address})(?=["?#])')


def _links(html: str, address: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="({address})(?=["?#])', html)))


def _first(html: str, pattern: str) -> str:
    found = re.search(pattern, html)
    assert found, f"nothing like {pattern}"
    return found[1]
