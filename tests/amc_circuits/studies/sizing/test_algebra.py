"""Questions to `amc size` that algebra answers."""

import pytest

from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.size import target_of
from benchmarks.sizing import Question, questions

QUESTIONS = questions()
CLOSE = 0.01
"""Relative difference from algebra that is allowed; whole numbers must be equal."""
SIMULATED = 0.02
"""Relative difference of a metric by ngspice, whose time steps change small overshoots most."""


def test_there_are_enough_questions():
    """Twelve or more, about as many parameters and metrics as possible."""
    assert len(QUESTIONS) >= 12
    assert len({question.free for question in QUESTIONS}) >= 10
    assert len({target_of(question.target).figure for question in QUESTIONS}) >= 6


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: f"{one.circuit} {one.free} {one.target}")
def test_an_answer_is_that_of_algebra(question: Question, tmp_path):
    """The value is the closed form's within 1 % and keeps the target; ngspice has the metric within 2 %."""
    sized = question.answer(tmp_path)
    whole = sized.found.span.whole
    assert sized.value == pytest.approx(question.algebra, rel=0 if whole else CLOSE)
    limit: Limit = sized.found.limit
    assert limit.kept(sized.subject.metric)
    assert sized.checked is not None
    assert sized.checked.metric == pytest.approx(sized.subject.metric, rel=SIMULATED, abs=1e-9)
