"""`$apply`: filter, then groups, then figures (W-82)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from proforma.mock.dataverse.aggregates import check_size, figure, grouped
from proforma.mock.dataverse.cells import Reader, column_at, column_reader, raw_reader
from proforma.mock.dataverse.errors import JSON_TYPE, syntax_error
from proforma.mock.dataverse.filters import row_filter
from proforma.mock.dataverse.formatted import formatted_value
from proforma.mock.dataverse.ordering import rank
from proforma.mock.dataverse.query import Options, Preferences, split_outside
from proforma.mock.dataverse.rows import FORMATTED
from proforma.mock.http import Response, json_response
from proforma.mock.schema import INTEGERS, Column
from proforma.mock.values import Row, Value
from proforma.mock.world import Table, World

Passes: TypeAlias = Callable[[Row], bool]

ROWS_MAX: Final = 5000
_METHODS: Final = frozenset({"sum", "average", "min", "max", "countdistinct"})
_STEP: Final = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
_GROUPS: Final = re.compile(r"\(([^()]*)\)\s*(?:,\s*aggregate\((.*)\))?", re.DOTALL)
_FIGURE: Final = re.compile(r"([\w/]+)\s+with\s+(\w+)\s+as\s+(\w+)")
_COUNT: Final = re.compile(r"\$count\s+as\s+(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """A column that makes groups. `name`: in the answer; `key` compares, `read` shows."""

    steps: tuple[str, ...]
    name: str
    key: Reader
    read: Callable[[Row], Value]
    column: Column | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of each group."""

    name: str
    of: Callable[[Sequence[Row]], Value]


def apply_response(world: World, table: Table, api: str, options: Options, preferences: Preferences, belongs: Passes | None) -> Response:
    """The groups and figures of a collection; rows without tag and key, members that are null left out (W-82, W-121)."""
    for given, name in ((options.select, "$select"), (options.filter, "$filter"), (options.expands, "$expand")):
        if given:
            raise syntax_error(f"The query parameter {name} is not supported together with $apply")
    rows = [row for row in table.rows.values() if belongs is None or belongs(row)]
    groupings: tuple[Grouping, ...] = ()
    figures: tuple[Figure, ...] = ()
    for step in _steps(options.apply or ""):
        if groupings or figures:
            raise syntax_error("Nothing can follow groupby or aggregate in $apply.")
        name, inside = step
        if name == "filter":
            rows = list(filter(row_filter(world, table, inside, options.aliases), rows))
        else:
            groupings, figures = _groups(world, table, inside) if name == "groupby" else ((), _figures(world, table, inside))
    check_size(rows)
    answer = _answer(world, rows, groupings, figures, options, preferences)
    names = ",".join([*(grouping.name for grouping in groupings), *(one.name for one in figures)])
    document: Row = {"@odata.context": f"{api}$metadata#{table.schema.entity_set}({names})"}
    if options.count:
        document["@odata.count"] = len(answer)
    document["value"] = [*answer[: min(options.top if options.top is not None else ROWS_MAX, ROWS_MAX)]]
    return json_response(200, document, ("Content-Type", JSON_TYPE))


def _steps(text: str) -> list[tuple[str, str]]:
    found = []
    for part in split_outside(text, "/"):
        step = _STEP.fullmatch(part.strip())
        if step is None or step[1] not in ("filter", "groupby", "aggregate"):
            raise syntax_error(f"The transformation '{part.strip()}' of $apply is not supported: use filter, groupby and aggregate.")
        found.append((step[1], step[2]))
    return found


def _groups(world: World, table: Table, inside: str) -> tuple[tuple[Grouping, ...], tuple[Figure, ...]]:
    found = _GROUPS.fullmatch(inside.strip())
    names = [name.strip() for name in found[1].split(",")] if found else []
    if found is None or not all(re.fullmatch(r"\w+(/\w+)*", name) for name in names):
        raise syntax_error(f"groupby takes columns in parentheses and, behind them, an aggregate; found '{inside}'.")
    groupings = tuple(_grouping(world, table, tuple(name.split("/"))) for name in names)
    return groupings, _figures(world, table, found[2]) if found[2] is not None else ()


def _grouping(world: World, table: Table, steps: tuple[str, ...]) -> Grouping:
    _, key = column_reader(world, table, steps)
    owner, read = raw_reader(world, table, steps)
    name = steps[0] if len(steps) == 1 else f"{owner.schema.logical}_{steps[-1]}"
    return Grouping(steps=steps, name=name, key=key, read=read, column=column_at(world, table, steps))


def _figures(world: World, table: Table, inside: str) -> tuple[Figure, ...]:
    return tuple(_figure(world, table, item.strip()) for item in inside.split(","))


def _figure(world: World, table: Table, item: str) -> Figure:
    count = _COUNT.fullmatch(item)
    if count:
        return Figure(name=count[1], of=len)
    found = _FIGURE.fullmatch(item)
    if found is None or found[2] not in _METHODS:
        raise syntax_error(
            f"The aggregate '{item}' cannot be read: use '$count as n' or 'column with {' | '.join(sorted(_METHODS))} as n'."
        )
    steps, method = tuple(found[1].split("/")), found[2]
    column = column_at(world, table, steps)
    kind, key = column_reader(world, table, steps)
    if method in ("sum", "average") and kind not in ("number", "any"):
        raise syntax_error(f"The aggregate '{method}' needs a number; '{found[1]}' is none.")
    read = raw_reader(world, table, steps)[1]
    whole = column is not None and column.type in INTEGERS
    return Figure(name=found[3], of=lambda rows: figure(method, [(read(row), key(row)) for row in rows], whole=whole))


def _answer(
    world: World,
    rows: Sequence[Row],
    groupings: Sequence[Grouping],
    figures: Sequence[Figure],
    options: Options,
    preferences: Preferences,
) -> list[Value]:
    groups = list(grouped(rows, [grouping.key for grouping in groupings]).items()) if groupings else [((), list(rows))]
    groups.sort(key=lambda group: tuple(map(rank, group[0])))
    for order in reversed(options.order):
        place = next((number for number, grouping in enumerate(groupings) if order.steps in (grouping.steps, (grouping.name,))), None)
        if place is None:
            raise syntax_error("The query node SingleValueOpenPropertyAccess is not supported")
        groups.sort(key=lambda group, place=place: rank(group[0][place]), reverse=order.descending)  # type: ignore[misc]
    return [_shown(world, members, groupings, figures, marked=preferences.wants(FORMATTED)) for _, members in groups]


def _shown(world: World, members: Sequence[Row], groupings: Sequence[Grouping], figures: Sequence[Figure], *, marked: bool) -> Value:
    shown: dict[str, Value] = {}
    for grouping in groupings:
        value = grouping.read(members[0])
        text = formatted_value(world, members[0], grouping.column, value) if marked and grouping.column and value is not None else None
        if text is not None:
            shown[f"{grouping.name}@{FORMATTED}"] = text
        shown[grouping.name] = value
    shown.update((one.name, one.of(members)) for one in figures)
    return _without_nulls(shown)


def _without_nulls(shown: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in shown.items() if value is not None}
