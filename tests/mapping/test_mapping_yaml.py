"""YAML that could harm or mislead is refused with its place; what is left means exactly what stands there."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from proforma.mapping import Fault
from proforma.mapping.yaml_source import BYTES_MAX, DEPTH_MAX, Entries, Items, Plain, Scalar, parse_yaml, read_yaml

HERE = Path("case.yaml")
ANCHOR = "anchors are not used in mapping files (write the value out where it is needed)"
TAG = "tags are not used in mapping files (remove it; quote the value if it is text)"
SECOND = "2:1: a second document is not used in mapping files (one file, one document)"
DIRECTIVE = "2:1: a directive is not used in mapping files (remove the line above that starts with %)"
PROGRAM = "!!python/object/apply:os.system"
LAUGHS = "a: &a [x, x]\n" + "".join(f"{name}: &{name} [*{before}, *{before}]\n" for before, name in pairwise("abcdefg"))
DEEP = {"lists": "[" * 500_000, "mappings": "{a: " * 200_000, "lines": "".join(f"{' ' * n}a:\n" for n in range(1_000))}


def parse(text: str | bytes) -> tuple[object, list[str]]:
    """Node and faults of a text."""
    faults: list[Fault] = []
    node = parse_yaml(text if isinstance(text, bytes) else text.encode(), HERE, faults)
    return node, [str(fault).removeprefix("case.yaml:") for fault in faults]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        pytest.param("a: &x 1\n", [f"1:4: anchor &x: {ANCHOR}"], id="anchor"),
        pytest.param("a: *x\n", ["1:4: alias *x: aliases are not used in mapping files (write the value out)"], id="alias without anchor"),
        pytest.param("a: 1\n<<: {b: 2}\n", ["2:1: merge key <<: not used in mapping files (write the keys out)"], id="merge key"),
        pytest.param("a: 1\n\n  \na: 2\n", ["4:1: key 'a' stands here a second time (first in line 1)"], id="duplicate key"),
        pytest.param("1: a\n'x': b\n1: c\n", ["3:1: key '1' stands here a second time (first in line 1)"], id="duplicate number"),
        pytest.param("+1: a\n1: b\n", ["2:1: key '1' stands here a second time (first in line 1)"], id="the same number written otherwise"),
        pytest.param(f"a: {PROGRAM} [id]\n", [f"1:4: tag tag:yaml.org,2002:{PROGRAM[2:]}: {TAG}"], id="tag that would run a program"),
        pytest.param("a: !include x\n", [f"1:4: tag !include: {TAG}"], id="own tag"),
        pytest.param("a: !!str 1\n", [f"1:4: tag tag:yaml.org,2002:str: {TAG}"], id="core tag"),
        pytest.param("a: 1\n---\nb: 2\n", [SECOND], id="second document"),
        pytest.param("%YAML 1.1\n---\na: NO\n", [DIRECTIVE], id="older YAML"),
        pytest.param("? [a]\n: 1\n", ["1:3: a key must be a single word"], id="list as key"),
        pytest.param("a: [1, 2\nb: 3\n", ["2:2: is not YAML: expected ',' or ']', but got ':'"], id="open bracket"),
        pytest.param("a: 'x\n", ["2:1: is not YAML: found unexpected end of stream"], id="open quote"),
        pytest.param("a:\n\t- 1\n", ["2:1: is not YAML: found character '\\t' that cannot start any token"], id="tab"),
        pytest.param("a: x\x07y\n", ["1:5: holds a character that YAML forbids"], id="control character"),
        pytest.param(b"a: 1\nb: \xff\n", ["2:4: is not UTF-8 (save the file as UTF-8)"], id="not UTF-8"),
        pytest.param("", ["1:1: is empty"], id="nothing"),
        pytest.param("# only a remark\n", ["1:1: is empty"], id="only a remark"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str | bytes, faults: list[str]) -> None:
    """Each attack and slip is named once, at its place."""
    assert parse(text)[1] == faults


def test_billion_laughs() -> None:
    """Every anchor and alias of an exploding file is named, and nothing explodes."""
    node, faults = parse(LAUGHS)

    assert len(faults) == 7 + 12
    assert isinstance(node, Entries)
    assert [name.text for name, _ in node.pairs] == list("abcdefg")


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_deep_nesting_is_refused_at_once(text: str) -> None:
    """Half a megabyte of brackets costs no more than the levels that are allowed."""
    begun = time.perf_counter()
    node, faults = parse(text)

    assert node is None
    assert [fault.partition(": ")[2] for fault in faults] == [f"is nested deeper than {DEPTH_MAX} levels"]
    assert time.perf_counter() - begun < 5


def test_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    """A file above one mebibyte is refused by its size."""
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"a: 1 #" + b"x" * BYTES_MAX)
    faults: list[Fault] = []

    assert read_yaml(path, faults) is None
    assert faults == [Fault(path, 1, 1, f"is larger than {BYTES_MAX} bytes", "split it into one file an entity")]


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is a fault like any other."""
    faults: list[Fault] = []

    assert read_yaml(tmp_path / "none.yaml", faults) is None
    assert faults == [Fault(tmp_path / "none.yaml", 1, 1, "cannot be read: No such file or directory")]


def test_all_faults_of_a_file_at_once() -> None:
    """A file with three mistakes is corrected in one go."""
    assert len(parse("a: &x 1\nb: *x\na: !t 2\n")[1]) == 4  # anchor, alias, tag, second a


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("on", "on"), ("yes", "yes"), ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("12", 12), ("-12", -12), ("0x1F", "0x1F"), ("0o17", "0o17"), ("017", 17), ("1_000", "1_000"), ("12:30", "12:30"),
        ("1.50", Decimal("1.50")), ("922337203685477.5807", Decimal("922337203685477.5807")), ("1e3", "1e3"), (".inf", ".inf"),
        ("'12'", "12"), ('"true"', "true"), ("2026-03-31", "2026-03-31"), ("_msdyn_x_value", "_msdyn_x_value"),
    ],
)  # fmt: skip
def test_plain_values_mean_what_stands_there(text: str, value: Plain) -> None:
    """YAML 1.2 without octal, dates or NO as false; decimals keep every digit; quotes make text."""
    node, faults = parse(f"a: {text}\n")

    assert faults == []
    assert isinstance(node, Entries)
    assert node.pairs[0][1] == Scalar(value, text.strip("'\""), 1, 4 if text else 1)


def test_every_node_knows_its_place() -> None:
    """Lines and columns count from 1, for keys, values and lists; a byte order mark counts for nothing."""
    node, faults = parse(b"\xef\xbb\xbfa:\n  b: [1, {c: d}]\n")

    inner = Entries(((Scalar("c", "c", 2, 11), Scalar("d", "d", 2, 14)),), 2, 10)
    b = Entries(((Scalar("b", "b", 2, 3), Items((Scalar(1, "1", 2, 7), inner), 2, 6)),), 2, 3)
    assert (node, faults) == (Entries(((Scalar("a", "a", 1, 1), b),), 1, 1), [])
