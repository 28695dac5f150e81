"""FetchXML read into records; what it asks of a world is found out by `fetch` (W-199)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError  # types only: defusedxml reads

from proforma.mock.dataverse.errors import ODataError, syntax_error

CHARACTERS_MAX: Final = 65_536
_LINKS_MAX: Final = 15
_CONDITIONS_MAX: Final = 500
_DEPTH_MAX: Final = 40
_LINK_TYPES: Final = ("inner", "outer", "exists", "in", "any", "not any")
_AGGREGATES: Final = ("avg", "count", "countcolumn", "max", "min", "sum")
DATE_GROUPINGS: Final = ("day", "week", "month", "quarter", "year", "fiscal-period", "fiscal-year")
_TRUE: Final = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A column asked for; in an aggregate a figure or a group. `date_grouping`: the part of a date that makes the group."""

    name: str
    alias: str | None
    aggregate: str | None
    group: bool
    date_grouping: str | None
    distinct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A column by its name, or an attribute by its alias. `entity`: the alias of a link, None for where it stands."""

    name: str
    by_alias: bool
    entity: str | None
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition on a column. `entity`: the alias of a link; `value_of`: another column instead of values."""

    entity: str | None
    name: str
    operator: str
    values: tuple[str, ...]
    value_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Conditions and filters, all of them or any."""

    either: bool
    conditions: tuple[Condition, ...]
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An entity or link-entity: what it shows, how it is ordered and filtered, what hangs on it. `attributes`: None for all."""

    name: str
    alias: str
    attributes: tuple[Attribute, ...] | None
    orders: tuple[Order, ...]
    filters: tuple[Filter, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link-entity: its rows whose `source` column has the value that the parent's `target` column has."""

    part: Part
    source: str
    target: str
    kind: str

    @property
    def joins(self) -> bool:
        """Whether its rows stand beside the parent's, rather than only being looked for."""
        return self.kind in ("inner", "outer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A whole query."""

    entity: Part
    top: int | None
    count: int | None
    page: int
    cookie: str | None
    distinct: bool
    aggregate: bool
    total: bool


def read_fetch(text: str) -> Fetch:
    """The query of a text; raises `ODataError` for what is no FetchXML."""
    if len(text) > CHARACTERS_MAX:
        raise syntax_error(f"The FetchXML has more than {CHARACTERS_MAX} characters.")
    root = _parsed(text)
    if root.tag != "fetch":
        raise syntax_error(f"FetchXML begins with a fetch element, not with '{root.tag}'.")
    entities = root.findall("entity")
    if len(entities) != 1 or len(root) != 1:
        raise syntax_error("A fetch element holds exactly one entity element.")
    _check_size(root)
    top, count, page = (_whole(root, name) for name in ("top", "count", "page"))
    if top is not None and (page is not None or count is not None or root.get("paging-cookie")):  # W-202
        raise ODataError(400, "0x80040203", "The top attribute can't be specified with paging attribute page or count.")
    entity = _part(entities[0], "", _aliases())
    aliases = [link.part.alias for link in links_of(entity)]
    if len(set(aliases)) < len(aliases):
        raise syntax_error("Two link-entities have the same alias.")
    return Fetch(
        entity=entity,
        top=top,
        count=count,
        page=max(page or 1, 1),
        cookie=root.get("paging-cookie") or None,
        distinct=_is_true(root, "distinct"),
        aggregate=_is_true(root, "aggregate"),
        total=_is_true(root, "returntotalrecordcount"),
    )


def _parsed(text: str) -> Element:
    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as problem:
        raise syntax_error(f"The FetchXML is no well-formed XML or holds what is not allowed in it: {problem}.") from problem
    return root


def _check_size(root: Element) -> None:
    if _depth(root) > _DEPTH_MAX:
        raise syntax_error(f"The FetchXML is nested more than {_DEPTH_MAX} deep.")
    if sum(1 for _ in root.iter("link-entity")) > _LINKS_MAX:
        raise ODataError(400, "0x8004430d", "Number of link entities in query exceeded maximum limit.")
    if sum(1 for _ in root.iter("condition")) > _CONDITIONS_MAX:  # W-74
        raise ODataError(400, "0x8004430C", "Number of conditions in query exceeded maximum limit.")


def _depth(root: Element) -> int:
    level, depth = [root], 0
    while level:
        level, depth = [child for element in level for child in element], depth + 1
    return depth


def _aliases() -> Iterator[int]:
    """Numbers for links without an alias: `contact1`, `contact2`."""
    number = 0
    while True:
        number += 1
        yield number


def _part(element: Element, alias: str, numbers: Iterator[int]) -> Part:
    known = {"attribute", "all-attributes", "no-attrs", "order", "filter", "link-entity"}
    for child in element:
        if child.tag not in known:
            raise syntax_error(f"The element '{child.tag}' is not known in '{element.tag}'.")
    everything = element.find("all-attributes") is not None
    return Part(
        name=_required(element, "name"),
        alias=alias,
        attributes=None if everything else tuple(_attribute(child) for child in element.findall("attribute")),
        orders=tuple(_order(child) for child in element.findall("order")),
        filters=tuple(_filter(child) for child in element.findall("filter")),
        links=tuple(_link(child, numbers) for child in element.findall("link-entity")),
    )


def _link(element: Element, numbers: Iterator[int]) -> Link:
    kind = element.get("link-type", "inner")
    if kind not in _LINK_TYPES:
        raise syntax_error(f"The link-type '{kind}' is not supported: use {', '.join(_LINK_TYPES)}.")
    alias = element.get("alias") or f"{_required(element, 'name')}{next(numbers)}"
    return Link(part=_part(element, alias, numbers), source=_required(element, "from"), target=_required(element, "to"), kind=kind)


def _attribute(element: Element) -> Attribute:
    aggregate, grouping = element.get("aggregate"), element.get("dategrouping")
    if aggregate is not None and aggregate not in _AGGREGATES:
        raise syntax_error(f"The aggregate '{aggregate}' is not supported: use {', '.join(_AGGREGATES)}.")
    if grouping is not None and grouping not in DATE_GROUPINGS:
        raise syntax_error(f"The dategrouping '{grouping}' is not supported: use {', '.join(DATE_GROUPINGS)}.")
    return Attribute(
        name=_required(element, "name"),
        alias=element.get("alias"),
        aggregate=aggregate,
        group=_is_true(element, "groupby"),
        date_grouping=grouping,
        distinct=_is_true(element, "distinct"),
    )


def _order(element: Element) -> Order:
    alias = element.get("alias")
    name = alias or _required(element, "attribute")
    return Order(name=name, by_alias=bool(alias), entity=element.get("entityname"), descending=_is_true(element, "descending"))


def _filter(element: Element) -> Filter:
    kind = element.get("type", "and")
    if kind not in ("and", "or"):
        raise syntax_error(f"The type of a filter is 'and' or 'or', not '{kind}'.")
    return Filter(
        either=kind == "or",
        conditions=tuple(_condition(child) for child in element.findall("condition")),
        filters=tuple(_filter(child) for child in element.findall("filter")),
    )


def _condition(element: Element) -> Condition:
    value = element.get("value")
    nested = tuple(child.text or "" for child in element.findall("value"))
    return Condition(
        entity=element.get("entityname"),
        name=_required(element, "attribute"),
        operator=_required(element, "operator"),
        values=(value,) if value is not None else nested,
        value_of=element.get("valueof"),
    )


def _required(element: Element, name: str) -> str:
    value = element.get(name)
    if not value:
        raise syntax_error(f"The element '{element.tag}' needs the attribute '{name}'.")
    return value


def _whole(element: Element, name: str) -> int | None:
    text = element.get(name)
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise syntax_error(f"The attribute '{name}' takes a whole number, not '{text}'.")
    return int(text)


def _is_true(element: Element, name: str) -> bool:
    return element.get(name, "").lower() in _TRUE


def links_of(part: Part) -> Iterator[Link]:
    """Every link below a part, outermost first."""
    for link in part.links:
        yield link
        yield from links_of(link.part)


def by_alias(fetch: Fetch) -> Mapping[str, Part]:
    """The parts of a query by their aliases, the entity under the empty one."""
    return {"": fetch.entity, **{link.part.alias: link.part for link in links_of(fetch.entity)}}


def all_orders(fetch: Fetch) -> Sequence[tuple[Part, Order]]:
    """The orders of all parts, the entity's first."""
    parts = [fetch.entity, *(link.part for link in links_of(fetch.entity))]
    return [(part, order) for part in parts for order in part.orders]
