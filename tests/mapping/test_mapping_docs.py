"""docs/mappings.md says what the code does: every key and transform has its place, every example can be loaded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mapping_files import faults_of

from proforma.mapping import Fault, entity_reader, finance_reader, load_mappings, write_back_reader
from proforma.mapping.expressions import Transform
from proforma.mapping.finance import FinanceMapping
from proforma.mapping.write_back import FACTS, SAYS
from proforma.mapping.write_back_reader import read_write_back, write_back_faults

TEXT = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
ACTUAL = "entity: x\nrecord: Actual\nset: x\ntable: x\nkey: x\nchanges: full\ncolumns:\n  id: x\n  table: {constant: x}\n"


BOOKS = "target: books\nonce: none\ncreate: {method: POST, path: /invoices, success: [201]}\n"


def finance_faults(folder: Path, text: str) -> list[str]:
    """What is wrong with a finance mapping."""
    path = folder / "books.yaml"
    path.write_text(text, encoding="utf-8")
    faults: list[Fault] = []
    finance_reader.read_finance(path, faults)
    return [str(fault) for fault in faults]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split(":")[0] + str(number) for number, example in enumerate(EXAMPLES)])
def test_examples_load(tmp_path: Path, example: str) -> None:
    """A whole file loads as it stands, a piece as a part of a mapping of actuals or of a finance system."""
    if example.startswith("document:"):
        assert finance_faults(tmp_path, BOOKS + example) == []
        return
    if example.startswith("write:"):
        written: list[Fault] = []
        path = tmp_path / "written.yaml"
        path.write_text(example, encoding="utf-8")
        mapping = read_write_back(path, written)
        assert mapping is not None
        assert [*written, *write_back_faults(mapping, load_mappings(None).entities)] == []
        return
    text = example if example.startswith("entity:") else ACTUAL + example.removeprefix("columns:\n")

    assert faults_of(tmp_path, text) == []


def test_everything_is_documented() -> None:
    """Transforms, keys of both kinds of files and keys of calls are named."""
    words = {
        *Transform,
        *entity_reader.NEEDED,
        *entity_reader.ALLOWED,
        *finance_reader.NEEDED,
        *finance_reader.ALLOWED,
        *finance_reader.CALL_NEEDED,
        *finance_reader.CALL_ALLOWED,
        *finance_reader.ONCE,
        *finance_reader.STATES,
        *write_back_reader.NEEDED,
        *write_back_reader.ALLOWED,
        *write_back_reader.TOLD,
        *FACTS,
        *SAYS,
    }

    assert {word for word in words if f"`{word}`" not in TEXT} == set()
    assert {field for field in FinanceMapping.__dataclass_fields__ if field != "source" and f"`{field}`" not in TEXT} == set()


def test_number_of_shipped_mappings_is_told() -> None:
    """The answer of `proforma mapping check` in the text is the present one."""
    folder = Path(__file__).parents[2] / "mappings"
    entities, targets = (len(list((folder / kind).glob("*.yaml"))) for kind in ("dataverse", "finance"))

    assert f"{entities} entities and {targets} finance targets are mapped without fault" in TEXT
