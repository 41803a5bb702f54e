"""The demo's panel at the school under review: agenda, findings, samples, a questionnaire, then a supplement."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select

from portfolio.demo import content, materials, photo, proceedings
from portfolio.demo.days import Agenda, on
from portfolio.demo.judging import Judging
from portfolio.demo.proceedings import Asked, Drawn, Found, Surveyed, Ticked
from portfolio.demo.setting import Setting
from portfolio.demo.stocking import store_all
from portfolio.documents import surveysheet
from portfolio.documents.worksheet import CODE
from portfolio.models import Review
from portfolio.policy import Actor
from portfolio.services import draws, findings, supplement_proposals, supplements, surveys, visits
from rubric.loader import DEFAULT, find

_SCENE = "corridor"  # what is photographed during a visit


class Visiting:
    """A panel at a school and what it asks for afterwards; each `plan_` puts some of it on the agenda."""

    def __init__(self, setting: Setting, judging: Judging, school_index: int) -> None:
        self._setting = setting
        self._session = setting.session
        self._judging = judging
        self._index = school_index
        self._written = proceedings.visit(school_index)

    def plan_visit(self, agenda: Agenda, day: datetime, pictures: Path) -> None:
        """The panel's day: each thing at its own clock time; `pictures` is where photographs grow."""
        for ticked in self._written.ticked:
            agenda.add(on(day, days=0, at=ticked.at), partial(self._tick, ticked))
        for found in self._written.found:
            agenda.add(on(day, days=0, at=found.at), partial(self._note, found, pictures))
        for drawn in self._written.drawn:
            agenda.add(on(day, days=0, at=drawn.at), partial(self._draw, drawn))
        surveyed = self._written.surveyed
        agenda.add(on(day, days=0, at=surveyed.at), partial(self._survey, surveyed))

    def plan_supplement(
        self, agenda: Agenda, *, proposed_at: datetime, asked_at: datetime, due_at: datetime
    ) -> None:
        """Experts propose, the chair asks; the school has until `due_at`."""
        for asked in self._written.supplement:
            if asked.by is not None:
                agenda.add(proposed_at, partial(self._propose, asked, self._member(asked.by)))
        agenda.add(asked_at, partial(self._ask, due_at=due_at))

    def _member(self, by: str) -> Actor:
        return self._setting.chair if by == "chair" else self._setting.experts[int(by)]

    def _tick(self, ticked: Ticked, now: datetime) -> None:
        visits.tick(
            self._session,
            actor=self._member(ticked.by),
            now=now,
            assignment=self._judging.assignment,
            item=ticked.item,
            done=True,
        )

    def _note(self, found: Found, pictures: Path, now: datetime) -> None:
        author = self._member(found.by)
        finding = findings.note(
            self._session,
            actor=author,
            now=now,
            assignment=self._judging.assignment,
            token=str(uuid4()),
            version=0,
            typed=findings.Note(found.channel, found.words, found.elements, found.contradicts),
        )
        if found.photo is None:
            return
        assignment, storage = self._judging.assignment, self._setting.storage
        picture = _picture(self._index, found.photo, now, pictures)
        [stored] = store_all(storage, assignment.package.school_id, [picture])
        findings.add_photo(
            self._session,
            actor=author,
            now=now,
            assignment=assignment,
            finding=finding,
            file=stored,
            storage=storage,
        )

    def _draw(self, drawn: Drawn, now: datetime) -> None:
        draws.draw_sample(
            self._session,
            actor=self._member(drawn.by),
            now=now,
            assignment=self._judging.assignment,
            title=drawn.title,
            lines="\n".join(drawn.lines),
            count=drawn.count,
            size=drawn.size,
            reason="",
        )

    def _survey(self, surveyed: Surveyed, now: datetime) -> None:
        data = _sheet(surveyed)
        surveys.take_in(
            self._session,
            actor=self._member(surveyed.by),
            now=now,
            assignment=self._judging.assignment,
            title=surveyed.title,
            planned=surveys.plan(surveysheet.read(data), find(DEFAULT)),
            data=data,
        )

    def _propose(self, asked: Asked, expert: Actor, now: datetime) -> None:
        review = self._session.scalars(
            select(Review).where(
                Review.assignment_id == self._judging.assignment.id, Review.expert_id == expert.user_id
            )
        ).one()
        supplement_proposals.propose(
            self._session, actor=expert, now=now, review=review, code=asked.element, question=asked.question
        )

    def _ask(self, now: datetime, *, due_at: datetime) -> None:
        supplements.ask(
            self._session,
            actor=self._setting.chair,
            now=now,
            assignment=self._judging.assignment,
            questions={asked.element: asked.question for asked in self._written.supplement},
            due_at=due_at,
        )


def _sheet(surveyed: Surveyed) -> bytes:
    """The results as the CSV that an expert would hand in."""
    written = io.StringIO()
    csv.writer(written).writerows([(CODE, surveysheet.QUESTION, *surveyed.answers), *surveyed.questions])
    return written.getvalue().encode()


def _picture(school_index: int, caption: str, now: datetime, folder: Path) -> Path:
    """A photograph taken at the school on this day."""
    model = next(each for each in materials.materials_for(school_index) if each.scene == _SCENE)
    page = replace(model.pages[0], heading=caption)
    material = replace(model, key=caption, pages=(page,), dated_on=now.date())
    path = folder / f"{caption}.jpg"
    path.write_bytes(photo.jpeg(material, content.schools()[school_index].name))
    return path
