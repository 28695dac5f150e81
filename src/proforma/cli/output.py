"""Results to stdout, remarks to stderr; JSON that others parse has the shapes of docs/json.md. Amounts are texts, never JSON numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from proforma.domain.money import plain

if TYPE_CHECKING:
    from proforma.sync.progress import Progress

_REMARK_EVERY_SECONDS = 30.0
#: So many characters of an id are shown in tables on a terminal; commands accept as many (`proforma.cli.ids`).
SHORT = 8


def text(value: Decimal | None) -> str | None:
    """An amount as JSON carries it."""
    return None if value is None else plain(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One command's way to speak."""

    json: bool
    quiet: bool
    color: bool

    def document(self, content: object) -> None:
        """The one JSON document of a --json call."""
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n")

    def stream(self, before: Mapping[str, Any], name: str, items: Iterable[Mapping[str, Any]], after: Iterator[Mapping[str, Any]]) -> None:
        """One JSON document whose list `name` is written item by item, so that memory does not grow with it.

        `after` is asked for one mapping when the list is complete.
        """
        write = sys.stdout.write
        write("{" + "".join(_member(key, value) + "," for key, value in before.items()) + f'"{name}":[')
        separator = "\n"
        for item in items:
            write(separator + msgspec.json.encode(item).decode())
            separator = ",\n"
        write("]" + "".join("," + _member(key, value) for key, value in next(after).items()) + "}\n")

    def line(self, words: str = "") -> None:
        """A line of the result, for people."""
        print(words)

    def remark(self, words: str) -> None:
        """Something worth knowing that is not the result."""
        if not self.quiet:
            print(words, file=sys.stderr)

    def warn(self, words: str) -> None:
        """Something that needs attention."""
        print(f"attention: {words}", file=sys.stderr)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = (), ids: Sequence[str] = ()) -> None:
        """A table for people: drawn on a terminal, tab-separated elsewhere so that other tools can read it.

        Columns named in `ids` are shortened on a terminal to the characters that commands accept; the last column takes what is left.
        """
        if not sys.stdout.isatty():
            print("\t".join(columns))
            for row in rows:
                print("\t".join(row))
            return
        from rich.console import Console
        from rich.table import Table

        shown = [[cell[:SHORT] if column in ids else cell for column, cell in zip(columns, row, strict=True)] for row in rows]
        table = Table(box=None, pad_edge=False, header_style="bold" if self.color else "")
        for place, column in enumerate(columns):
            # Figures are never cut: only the last column gives way.
            width = None if column == columns[-1] else max(len(column), *(len(row[place]) for row in shown), 0)
            table.add_column(column, justify="right" if column in right else "left", no_wrap=True, overflow="ellipsis", min_width=width)
        for row in shown:
            table.add_row(*row)
        Console(no_color=not self.color, highlight=False).print(table)

    def progress(self) -> Progress:
        """Progress on stderr: a bar on a terminal, a line each 30 s elsewhere, nothing when quiet."""
        from proforma.cli.progress import Bars, Lines
        from proforma.sync.progress import Silent

        if self.quiet:
            return Silent()
        return Bars(color=self.color) if sys.stderr.isatty() else Lines(every_seconds=_REMARK_EVERY_SECONDS)


def _member(key: str, value: Any) -> str:
    return f'"{key}":{msgspec.json.encode(value).decode()}'
