"""Worlds as files: YAML that people read, or JSON, both also gzipped; the name of the file decides."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from proforma.domain.errors import ConfigurationError

Tables = Iterable[tuple[str, Sequence[Mapping[str, object]]]]

_ENDINGS: Final = (".yaml", ".yml", ".json")
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def check_world_file(path: Path, *, force: bool) -> None:
    """Raises ConfigurationError for a name of no known format, and for a file that is there when `force` does not allow to replace it."""
    if not path.name.removesuffix(".gz").endswith(_ENDINGS):
        raise ConfigurationError("the name does not say which format is meant", at=str(path), hint="end it in .yaml, .json or .json.gz")
    if path.exists() and not force:
        raise ConfigurationError("the file is there already", at=str(path), hint="choose another name, or replace it with --force")


def write_world(path: Path, tables: Tables, settings: Mapping[str, object]) -> int:
    """Writes a world and gives its size in bytes before gzipping; the file is there when it is whole, and never half of it.

    `settings`: what stands under names that begin with `$`. Numbers keep all their digits. Raises ConfigurationError when it cannot be
    written.
    """
    lines = _json(tables, settings) if ".json" in path.suffixes else _yaml(tables, settings)
    part = path.with_name(path.name + ".part")
    size = 0
    try:
        # No name and no time in the gzip header: the same rows make the same file.
        with part.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) if path.suffix == ".gz" else file as stream:
            for line in lines:
                size += stream.write(line)
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", at=str(path), hint="check the folder and its rights") from error
    finally:
        part.unlink(missing_ok=True)
    return size


def _json(tables: Tables, settings: Mapping[str, object]) -> Iterator[bytes]:
    before = b"{"
    for name, value in settings.items():
        yield before + b"\n" + _encoder.encode(name) + b": " + _encoder.encode(value)
        before = b","
    for name, rows in tables:
        yield before + b"\n" + _encoder.encode(name) + b": ["
        yield b",".join(b"\n" + _encoder.encode(row) for row in rows)
        yield b"]"
        before = b","
    yield b"\n}\n" if before == b"," else b"{}\n"


def _yaml(tables: Tables, settings: Mapping[str, object]) -> Iterator[bytes]:
    """Every JSON value is a YAML value: only the outer layers need lines of their own."""
    for name, value in settings.items():
        yield f"{name}: ".encode() + _encoder.encode(value) + b"\n"
    for name, rows in tables:
        yield f"{name}:{'' if rows else ' []'}\n".encode()
        for row in rows:
            mark = "-"
            for column, value in row.items():
                yield f"  {mark} {column}: ".encode() + _encoder.encode(value) + b"\n"
                mark = " "
