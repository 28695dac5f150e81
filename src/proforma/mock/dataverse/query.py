"""The query options of a URL and the preferences of a request, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import quote

from proforma.mock.dataverse.errors import not_served, syntax_error
from proforma.mock.http import Request

SERVED: Final = frozenset({"$select", "$filter", "$orderby", "$top", "$count", "$expand", "$skiptoken", "$deltatoken", "$apply"})
#: Options that name a view (W-19).
VIEWS: Final = frozenset({"savedQuery", "userQuery"})
_NUMBER_TEXTS: Final = re.compile(r";\s*ieee754compatible\s*=\s*true\b", re.IGNORECASE)
_UNQUOTED: Final = "$,;:/()'@=*"
_IN_EXPAND: Final = ("$select", "$filter", "$orderby", "$top", "$expand")
_EXPANDS_MAX: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One column of `$orderby`, as steps through lookups."""

    steps: tuple[str, ...]
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expand:
    """Related rows to be shown with a row (W-83 to W-87). `options`: as they were written; `reference`: only the address."""

    nav: str
    select: tuple[str, ...] | None = None
    filter: str | None = None
    order: tuple[Order, ...] = ()
    top: int | None = None
    expands: tuple[Expand, ...] = ()
    reference: bool = False
    options: str = ""

    @property
    def count(self) -> int:
        """How many expansions this is, with those in it (W-88)."""
        return 1 + sum(expand.count for expand in self.expands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one query; None where an option was not given. `view`: option and id of a view."""

    select: tuple[str, ...] | None
    filter: str | None
    order: tuple[Order, ...]
    top: int | None
    count: bool
    expands: tuple[Expand, ...]
    skip_token: str | None
    delta_token: str | None
    apply: str | None
    fetch: str | None
    view: tuple[str, str] | None
    aliases: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What `Prefer` asked for (W-13). `applied` repeats the honoured ones as they were written.

    `number_texts`: what `Accept` asked for beside it, decimals and 64-bit numbers as texts (W-110).
    """

    page_size: int | None
    annotations: tuple[str, ...]
    representation: bool
    track_changes: bool
    number_texts: bool
    applied: tuple[str, ...]

    def wants(self, annotation: str) -> bool:
        """Whether the annotation was asked for; `*` stands for any ending (W-97)."""
        return any(fnmatchcase(annotation, pattern) for pattern in self.annotations)


def options_of(request: Request) -> Options:
    """The checked options of the URL; raises for unsupported, unknown, repeated and malformed ones (W-80, W-81)."""
    given: dict[str, str] = {}
    for name, value in request.parameters:
        if name == "sql":
            raise not_served("the query option sql")
        if name.startswith("$") and name not in SERVED:
            raise syntax_error(f"The query parameter {name} is not supported")
        if name in given and name.startswith("$"):
            raise syntax_error(f"Query option '{name}' was specified more than once, but it must be specified at most once.")
        given[name] = value
    return Options(
        select=_select(given.get("$select")),
        filter=given.get("$filter"),
        order=_order(given.get("$orderby")),
        top=_top(given.get("$top")),
        count=_count(given.get("$count")),
        expands=_expands(given.get("$expand")),
        skip_token=given.get("$skiptoken"),
        delta_token=given.get("$deltatoken"),
        apply=given.get("$apply"),
        fetch=given.get("fetchXml"),
        view=next(((name, given[name]) for name in sorted(VIEWS & given.keys())), None),
        aliases={name: value for name, value in given.items() if name.startswith("@")},
    )


def refuse_on_one_row(options: Options) -> None:
    """Options that only collections have."""
    given: dict[str, object] = {"$filter": options.filter, "$orderby": options.order, "$top": options.top, "$apply": options.apply}
    given |= {"fetchXml": options.fetch, options.view[0] if options.view else "savedQuery": options.view}
    for name, option in given.items():
        if option not in (None, ()):
            raise syntax_error(f"The query parameter {name} can be applied only on collections")


def preferences_of(request: Request) -> Preferences:
    """The preferences of the request, quoted or not, in any order."""
    found: dict[str, str] = {}
    applied: list[str] = []
    for item in _split(request.headers.get("prefer", ""), ",", quote='"', nested=False):
        name, _, value = item.strip().partition("=")
        name = name.strip().lower()
        known = (
            name in ("odata.maxpagesize", "odata.include-annotations", "odata.track-changes")
            or item.strip().lower() == "return=representation"
        )
        found[name] = value.strip().strip('"')
        if known:
            applied.append(item.strip())
    size = found.get("odata.maxpagesize", "")
    annotations = found.get("odata.include-annotations", "")
    return Preferences(
        page_size=int(size) if size.isdigit() and int(size) > 0 else None,
        annotations=tuple(part.strip() for part in annotations.split(",") if part.strip()),
        representation=found.get("return", "").lower() == "representation",
        track_changes="odata.track-changes" in found,
        number_texts=wants_number_texts(request),
        applied=tuple(applied),
    )


def wants_number_texts(request: Request) -> bool:
    """Whether decimals and 64-bit numbers are to come as texts (W-110)."""
    return _NUMBER_TEXTS.search(request.headers.get("accept", "")) is not None


def split_outside(text: str, separator: str) -> list[str]:
    """Pieces between separators that stand outside quotes and parentheses."""
    return _split(text, separator, quote="'", nested=True)


def _split(text: str, separator: str, *, quote: str, nested: bool) -> list[str]:
    pieces, depth, quoted, start = [], 0, False, 0
    for position, sign in enumerate(text):
        if sign == quote:
            quoted = not quoted
        elif quoted:
            continue
        elif nested and sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == separator and depth == 0:
            pieces.append(text[start:position])
            start = position + 1
    return [*pieces, text[start:]]


def option_list(text: str | None) -> tuple[str, ...]:
    """The names of a comma-separated option, each once."""
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))


def _select(text: str | None) -> tuple[str, ...] | None:
    names = option_list(text)
    return None if not names or "*" in names else names


def _order(text: str | None) -> tuple[Order, ...]:
    orders = []
    for item in (text or "").split(","):
        if not item.strip():
            continue
        match = re.fullmatch(r"([\w/]+)(?:\s+(asc|desc))?", item.strip())
        if match is None:
            position = (text or "").index(item)
            raise syntax_error(f"Syntax error at position {position} in '{text}'.")
        orders.append(Order(steps=tuple(match[1].split("/")), descending=match[2] == "desc"))
    return tuple(orders)


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdigit():
        raise syntax_error(
            f"Invalid value '{text}' for $top query option found. The $top query option requires a non-negative integer value."
        )
    return int(text)


def _count(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise syntax_error(f"Invalid value '{text}' for $count query option found. Valid values are 'true' and 'false'.")
    return text == "true"


def _expands(text: str | None) -> tuple[Expand, ...]:
    expands = _expand_list(text)
    if sum(expand.count for expand in expands) > _EXPANDS_MAX:  # W-88
        raise syntax_error(f"The number of $expand options exceeds the limit of {_EXPANDS_MAX}.")
    return expands


def _expand_list(text: str | None, depth: int = 1) -> tuple[Expand, ...]:
    if depth > _EXPANDS_MAX:
        raise syntax_error(f"The number of $expand options exceeds the limit of {_EXPANDS_MAX}.")
    items = [item.strip() for item in split_outside(text or "", ",") if item.strip()]
    return tuple(_expand(item, depth) for item in items)


def _expand(item: str, depth: int) -> Expand:
    match = re.fullmatch(r"(\w+)(/\$ref)?(?:\((.*)\))?", item, re.DOTALL)
    if match is None:
        raise syntax_error(f"Syntax error at position 0 in '{item}'.")
    given: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in split_outside(match[3] or "", ";"))):
        name, _, value = part.partition("=")
        if name not in _IN_EXPAND:  # W-80
            raise syntax_error(f"The query parameter {name} is not supported in $expand")
        if name in given:
            raise syntax_error(f"Query option '{name}' was specified more than once, but it must be specified at most once.")
        given[name] = value
    if match[2] and given:
        raise syntax_error("Expand with $ref takes no other options.")
    return Expand(
        nav=match[1],
        select=_select(given.get("$select")),
        filter=given.get("$filter"),
        order=_order(given.get("$orderby")),
        top=_top(given.get("$top")),
        expands=_expand_list(given.get("$expand"), depth + 1),
        reference=bool(match[2]),
        options="&".join(f"{name}={quote(value, safe=_UNQUOTED)}" for name, value in given.items()),
    )


def shape_of(options: Options) -> str:
    """What `@odata.context` says of the chosen columns and expansions (W-60)."""
    return _shape(options.select, options.expands)


def _shape(select: tuple[str, ...] | None, expands: tuple[Expand, ...]) -> str:
    names = [*(select or ()), *map(_shape_within, expands)]
    return f"({','.join(names)})" if names else ""


def _shape_within(expand: Expand) -> str:
    return f"{expand.nav}/$ref" if expand.reference else expand.nav + (_shape(expand.select, expand.expands) or "()")
