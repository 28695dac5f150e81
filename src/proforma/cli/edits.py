"""Edits of details as people write them: words on the command line, or a CSV file with a row for each detail."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from proforma.domain.errors import ConfigurationError

_SOURCE: Final = "source"
_KEYS: Final = ("quantity", "price", "billing_type", "tax", "description", "external_description")

#: For each detail, named by its source as written, what is to be said of it.
Edits = dict[str, Mapping[str, str]]


def edits_of_words(sources: Sequence[str], changes: Sequence[str]) -> Edits:
    """The same changes for several details. Raises ConfigurationError."""
    for change in changes:
        if "=" not in change:
            raise ConfigurationError(f"{change!r} is no KEY=VALUE", hint="write quantity=6")
    wanted = dict(change.split("=", 1) for change in changes)
    return dict.fromkeys(sources, wanted)


def edits_of_file(path: Path) -> Edits:
    """A row for each detail; empty cells change nothing. Raises ConfigurationError with the line that is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(_rows(path, csv.DictReader(stream)))
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", at=str(path), hint="check the name of the file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError("is no CSV file in UTF-8", at=str(path), hint="save it as CSV UTF-8") from error
    found: Edits = {}
    for line, source, wanted in rows:
        if source in found:
            raise ConfigurationError(f"{source} comes twice", at=f"{path}:{line}", hint="say everything of a detail in one row")
        found[source] = wanted
    if not found:
        raise ConfigurationError("holds no rows", at=str(path), hint=f"write the columns {_SOURCE} and {' or '.join(_KEYS[:2])}, and a row")
    return found


def _rows(path: Path, reader: csv.DictReader[str]) -> Iterator[tuple[int, str, dict[str, str]]]:
    columns = reader.fieldnames or ()
    unknown = [name for name in columns if name not in (_SOURCE, *_KEYS)]
    if _SOURCE not in columns or unknown:
        said = f"unknown column {unknown[0]!r}" if unknown else f"the column {_SOURCE} is missing"
        raise ConfigurationError(said, at=f"{path}:1", hint=f"columns are {_SOURCE}, {', '.join(_KEYS)}")
    for row in reader:
        source, wanted = row[_SOURCE], {key: row[key] for key in _KEYS if row.get(key)}
        if not source or None in row:
            raise ConfigurationError("the row has no source, or more cells than columns", at=f"{path}:{reader.line_num}")
        if wanted:
            yield reader.line_num, source.strip(), wanted
