"""All mappings of a folder: found, checked together, put in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from mapping_files import HEAD

from proforma.domain.contracts import Milestone, Retainer
from proforma.domain.errors import ConfigurationError
from proforma.mapping import MappingError, load_mappings, shipped_mappings


def entity(name: str, *after: str, record: str = "Milestone") -> str:
    """A mapping file of this name."""
    text = HEAD.replace("entity: milestone", f"entity: {name}").replace("Milestone", record)
    return text + (f"after: [{', '.join(after)}]\n" if after else "")


def folder(home: Path, **files: str) -> Path:
    """A folder of mappings with these files of entities."""
    (home / "dataverse").mkdir()
    for name, text in files.items():
        (home / "dataverse" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return home


def test_order_follows_dependencies(tmp_path: Path) -> None:
    """Each entity comes after those it needs, otherwise by name; the name of the file does not matter."""
    mappings = load_mappings(folder(tmp_path, one=entity("a", "c"), two=entity("b"), three=entity("c", "d"), four=entity("d")))

    assert [mapping.entity for mapping in mappings.order()] == ["b", "d", "c", "a"]
    assert mappings.finance == {}


def test_entities_of_a_record(tmp_path: Path) -> None:
    """Several entities may become one record; they are told in the order of the pull."""
    mappings = load_mappings(folder(tmp_path, x=entity("a", "b"), y=entity("b"), z=entity("c", record="Retainer")))

    assert [mapping.entity for mapping in mappings.by_record(Milestone)] == ["b", "a"]
    assert [mapping.entity for mapping in mappings.by_record(Retainer)] == ["c"]


@pytest.mark.parametrize(
    ("files", "faults"),
    [
        pytest.param({"x": entity("a", "milstone"), "y": entity("milestone")}, [
            "x.yaml:9:9: 'after' names an unknown entity 'milstone' (did you mean 'milestone'?)",
        ], id="unknown entity"),
        pytest.param({"x": entity("a", "b"), "y": entity("b", "a"), "z": entity("c", "a")}, [
            "x.yaml:9:9: 'a' waits for itself (in the circle: a, b)",
            "y.yaml:9:9: 'b' waits for itself (in the circle: a, b)",
        ], id="circle, and one that merely waits"),
        pytest.param({"x": entity("a", "a")}, ["x.yaml:9:9: 'a' waits for itself (in the circle: a)"], id="itself"),
        pytest.param({"x": entity("a"), "y": entity("a")}, ["y.yaml:1:1: 'a' is mapped already (by x.yaml)"], id="one name twice"),
        pytest.param({"x": entity("a") + "color: red\n", "y": "- 1\n"}, [
            "x.yaml:9:1: unknown key 'color'",
            "y.yaml:1:1: a mapping file is a mapping of keys to values",
        ], id="faults of all files"),
    ],
)  # fmt: skip
def test_faults_across_files(tmp_path: Path, files: dict[str, str], faults: list[str]) -> None:
    """Whatever is wrong in any file is told at once, file by file."""
    with pytest.raises(MappingError) as error:
        load_mappings(folder(tmp_path, **files))

    assert str(error.value) == "\n".join(f"{tmp_path / 'dataverse' / fault}" for fault in faults)
    assert isinstance(error.value, ConfigurationError)


def test_a_folder_without_mappings(tmp_path: Path) -> None:
    """An empty or missing folder is told with the remedy."""
    with pytest.raises(MappingError, match=r"dataverse:1:1: holds no mapping file \(copy the shipped ones with: proforma init\)"):
        load_mappings(tmp_path)


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    """Only YAML files count; hidden ones, as editors leave them, do not."""
    home = folder(tmp_path, a=entity("a"))
    (home / "dataverse" / "b.yml").write_text(entity("b"), encoding="utf-8")
    (home / "dataverse" / ".a.yaml").write_text("[", encoding="utf-8")
    (home / "dataverse" / "README.md").write_text("[", encoding="utf-8")

    assert list(load_mappings(home).entities) == ["a", "b"]


def test_shipped_mappings_are_found() -> None:
    """The mappings that come with the package lie in a folder with both kinds."""
    assert {path.name for path in shipped_mappings().iterdir() if path.is_dir()} == {"dataverse", "finance"}
