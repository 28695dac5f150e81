"""What `proforma init` writes: the example configuration and copies of the shipped mappings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from proforma.mapping import shipped_mappings

PACKAGE: Final = Path(__file__).resolve().parent.parent


def example_configuration() -> str:
    """The commented example: beside the package in a wheel, at the top of a checkout."""
    for place in (PACKAGE / "config.example.yaml", PACKAGE.parent.parent / "config.example.yaml"):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise FileNotFoundError(2, "config.example.yaml is missing from the installation", str(PACKAGE))


def write_starter(folder: Path) -> list[Path]:
    """Writes `proforma.yaml` and `mappings/` into the folder; what exists is left alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    text = example_configuration().replace("# mappings: mappings  ", "mappings: mappings    ")
    wanted = {folder / "proforma.yaml": text}
    source = shipped_mappings()
    for file in sorted(source.rglob("*.yaml")):
        wanted[folder / "mappings" / file.relative_to(source)] = file.read_text(encoding="utf-8")
    written = []
    for path, content in wanted.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            written.append(path)
    return written
