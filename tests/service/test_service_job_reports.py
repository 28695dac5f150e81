"""A job that gives up says why in one sentence; what nobody foresaw keeps its traceback."""

from __future__ import annotations

import logging

import pytest

from proforma.service.job_reports import QUEUE_LOG, say_it_in_one_sentence
from proforma.transport.errors import UnreachableError

JOB = {"job": {"call_string": "push[7](target='rest', invoice='i-1')"}}


@pytest.mark.parametrize(
    ("level", "said"),
    [
        (logging.ERROR, "push[7](target='rest', invoice='i-1') is given up, the next tick tries again: finance is away. Run again later."),
        (logging.INFO, "push[7](target='rest', invoice='i-1') failed and is tried again soon: finance is away. Run again later."),
    ],
    ids=["given up", "tried again"],
)
def test_a_known_fault_is_one_sentence(caplog: pytest.LogCaptureFixture, level: int, said: str) -> None:
    """The job, what becomes of it, and the fault in its own words; no traceback."""
    say_it_in_one_sentence()
    say_it_in_one_sentence()
    fault = UnreachableError("finance is away", todo="Run again later.")
    with caplog.at_level(logging.INFO):
        logging.getLogger(QUEUE_LOG).log(level, "ended with status: Error", extra=JOB, exc_info=fault)
    (record,) = caplog.records
    assert record.getMessage() == said
    assert "Traceback" not in caplog.text


def test_what_nobody_foresaw_keeps_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """A mistake of ours must be found."""
    say_it_in_one_sentence()
    with caplog.at_level(logging.INFO):
        logging.getLogger(QUEUE_LOG).error("ended with status: Error", extra=JOB, exc_info=ZeroDivisionError("oops"))
    assert "ZeroDivisionError: oops" in caplog.text
