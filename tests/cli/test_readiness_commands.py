"""`portfolio record` and `portfolio summaries`: a timer's and an operator's."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from portfolio.models import ReadinessRecord, RecordedDay
from tests.cli.conftest import Run
from tests.filled_store import FilledStore


@pytest.mark.usefixtures("filled")
def test_a_day_is_recorded_once(portfolio: Run, database: Session) -> None:
    database.execute(delete(ReadinessRecord))
    database.execute(delete(RecordedDay))
    database.commit()
    assert portfolio("record").stdout == "Recorded 2 dossiers.\n"
    assert portfolio("record").stdout == "Today is recorded already.\n"


def test_sums_out_of_step_are_named_by_both_commands_and_put_right(
    portfolio: Run, filled: FilledStore, database: Session
) -> None:
    assert portfolio("summaries").stdout == "OK: all in step\n"
    database.execute(
        text(
            "UPDATE dossier_summaries SET claimed = claimed + 10 WHERE indicator = 'A2' AND dossier_id = :id"
        ),
        {"id": filled.dossier.id},
    )
    database.commit()
    done = portfolio("summaries")
    assert done.returncode == 1
    assert done.stdout.startswith(f"dossier {filled.dossier.id}, A2: stored (")
    assert f"sums of dossier {filled.dossier.id}, A2" in portfolio("check").stdout
    assert portfolio("summaries", "--rebuild").stdout == "Written anew; 1 rows were not in step.\n"
    assert portfolio("summaries").returncode == portfolio("check").returncode == 0
