"""Log lines: a word for machines, a sentence for people, and no secret in either."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import msgspec
import pytest

from proforma.cli.logs import LogFormat, configure_logs
from proforma.transport.redaction import Secret


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Leaves the handlers of other tests in their place."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    root.handlers[:] = before


def said(capsys: pytest.CaptureFixture[str], log_format: LogFormat) -> str:
    """What a line with a word of its own looks like."""
    configure_logs(0, log_format)
    secret = Secret("canary-secret")
    logging.getLogger("proforma.service.daemon").warning(
        "not served at %s: %s", "127.0.0.1:9464", f"refused {secret.reveal()}", extra={"event": "not_served", "attempt": 2}
    )
    return capsys.readouterr().err


def test_people_read_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """With its fields, without the word that means nothing to them."""
    line = said(capsys, "console")
    assert "[warning  ] not served at 127.0.0.1:9464: refused" in line
    assert "attempt=2" in line
    assert "not_served" not in line
    assert "canary-secret" not in line


def test_machines_get_word_and_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """The word tells lines apart, whatever their sentences say."""
    line = msgspec.json.decode(said(capsys, "json"))
    assert (line["event"], line["level"], line["logger"], line["attempt"]) == ("not_served", "warning", "proforma.service.daemon", 2)
    assert line["message"].startswith("not served at 127.0.0.1:9464: refused")
    assert "canary-secret" not in line["message"]
