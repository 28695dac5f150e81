"""The records that pricing reads, loaded once by a caller, and the indexes that answer its questions quickly.

Nothing here depends on the order in which rows were loaded (P-68): what is listed, is listed in an order of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import Final, TypeVar

from proforma.domain.codes import IncludedTasks, PriceListOwner
from proforma.domain.contracts import (
    Contract,
    ContractLine,
    LineCategory,
    LineRole,
    LineTask,
    Project,
    Quote,
    QuoteLine,
    Subcontract,
)
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    Guid,
    PriceLineId,
    PriceListId,
    ProjectId,
    UnitId,
)
from proforma.domain.masters import Category, CurrencyRecord, OrganizationalUnit, Product, Role
from proforma.domain.money import DEFAULT_PRECISION, Rounding
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import (
    CategoryPrice,
    DatedExchangeRate,
    PriceList,
    PriceListAttachment,
    PriceListItem,
    PriceOverride,
    PricingDimension,
    RolePrice,
    RolePriceMarkup,
)
from proforma.domain.units import Unit, UnitConversionError, Units
from proforma.pricing.rounding import Rounder

#: Answers kept at a time, each one or two kilobytes with its words for the trail.
ANSWERS_MAX: Final = 20_000

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingRecords:
    """Everything that pricing may look at; a caller loads it once.

    `owner_currencies`: kind and currency of the owners of price lists that are no records here (accounts, contacts,
    opportunities, vendors, parameters), for the attach checks (P-9).
    """

    currencies: Sequence[CurrencyRecord] = ()
    units: Sequence[Unit] = ()
    organizational_units: Sequence[OrganizationalUnit] = ()
    roles: Sequence[Role] = ()
    categories: Sequence[Category] = ()
    products: Sequence[Product] = ()
    price_lists: Sequence[PriceList] = ()
    attachments: Sequence[PriceListAttachment] = ()
    role_prices: Sequence[RolePrice] = ()
    markups: Sequence[RolePriceMarkup] = ()
    overrides: Sequence[PriceOverride] = ()
    category_prices: Sequence[CategoryPrice] = ()
    items: Sequence[PriceListItem] = ()
    dimensions: Sequence[PricingDimension] = ()
    exchange_rates: Sequence[DatedExchangeRate] = ()
    quotes: Sequence[Quote] = ()
    quote_lines: Sequence[QuoteLine] = ()
    contracts: Sequence[Contract] = ()
    contract_lines: Sequence[ContractLine] = ()
    line_roles: Sequence[LineRole] = ()
    line_categories: Sequence[LineCategory] = ()
    line_tasks: Sequence[LineTask] = ()
    projects: Sequence[Project] = ()
    subcontracts: Sequence[Subcontract] = ()
    owner_currencies: Mapping[Guid, tuple[PriceListOwner, CurrencyId | None]] = field(default_factory=dict)


class Facts:
    """The records by the keys under which the rules look for them. Inactive rows, where a rule never reads them, are left out."""

    def __init__(self, records: PricingRecords, policy: PricingPolicy) -> None:
        self.policy = policy
        self.records = records
        self._index_masters(records)
        self._index_documents(records)
        self._index_lists(records)
        self._index_rows(records)
        self._unit_factors: dict[tuple[UnitId, UnitId], tuple[Decimal, Decimal] | UnitConversionError] = {}
        self._answers: dict[Hashable, object] = {}
        self._indexes: dict[Hashable, object] = {}
        self._rounders: dict[CurrencyId | None, Rounder] = {}
        self.change_days = _change_days(records)

    def _index_masters(self, records: PricingRecords) -> None:
        self.currencies = {row.id: row for row in records.currencies}
        self.units = Units({row.id: row for row in records.units})
        self.organizational_units = {row.id: row for row in records.organizational_units}
        self.roles = {row.id: row for row in records.roles}
        self.categories = {row.id: row for row in records.categories}
        self.names: dict[str, str] = {role.id: role.name for role in records.roles if role.name}
        self.names.update({unit.id: unit.name for unit in records.organizational_units if unit.name})
        self.names.update({row.id: name for row in records.contracts if (name := row.number or row.name)})
        self.names.update({row.id: name for row in records.quotes if (name := row.number or row.name)})
        self.names.update({row.id: row.name for row in records.subcontracts if row.name})
        self.dimensions = tuple(row for row in records.dimensions if row.active)
        self.dated_rates = _grouped((row for row in records.exchange_rates if row.active), lambda r: (r.from_currency_id, r.to_currency_id))

    def _index_documents(self, records: PricingRecords) -> None:
        self.quotes = {row.id: row for row in records.quotes}
        self.quote_lines = {row.id: row for row in records.quote_lines}
        self.contracts = {row.id: row for row in records.contracts}
        self.contract_lines = {row.id: row for row in records.contract_lines}
        self.projects = {row.id: row for row in records.projects}
        self.subcontracts = {row.id: row for row in records.subcontracts}
        self.lines_by_contract_project: dict[tuple[ContractId | None, ProjectId | None], tuple[ContractLine, ...]] = _grouped(
            (row for row in records.contract_lines if row.active and row.is_project_based), lambda row: (row.contract_id, row.project_id)
        )
        self.line_roles = _grouped((r for r in records.line_roles if r.active), lambda r: (r.contract_line_id, r.role_id))
        self.line_categories: dict[tuple[ContractLineId | None, CategoryId | None], tuple[LineCategory, ...]] = _grouped(
            (r for r in records.line_categories if r.active), lambda r: (r.contract_line_id, r.category_id)
        )
        self.line_tasks = _grouped((r for r in records.line_tasks if r.active), lambda r: (r.contract_line_id, r.task_id))
        self._telling_lines = {line_id for line_id, _ in chain(self.line_roles, self.line_categories)}

    def _index_lists(self, records: PricingRecords) -> None:
        self.price_lists = {row.id: row for row in records.price_lists}
        attached: dict[tuple[PriceListOwner, Guid | None], dict[PriceListId, PriceList]] = defaultdict(dict)
        for link in records.attachments:
            price_list = self.price_lists.get(link.price_list_id) if link.price_list_id else None
            if link.active and price_list is not None:
                # There is one set of parameters; whose id a link carries does not matter.
                owner_id = None if link.owner is PriceListOwner.PARAMETERS else link.owner_id
                attached[link.owner, owner_id][price_list.id] = price_list
        self._attached = {owner: tuple(sorted(lists.values(), key=list_order)) for owner, lists in attached.items()}

    def _index_rows(self, records: PricingRecords) -> None:
        self.role_prices = _grouped((r for r in records.role_prices if r.active), lambda r: r.price_list_id)
        self.markups = _grouped((r for r in records.markups if r.active), lambda r: r.price_list_id)
        self.category_prices = _grouped(
            (r for r in records.category_prices if r.active), lambda r: (r.price_list_id, r.category_id, r.unit_id)
        )
        self.items = _grouped((r for r in records.items if r.active), lambda r: (r.price_list_id, r.product_id, r.unit_id))
        active = [row for row in records.overrides if row.active]
        self.overrides: dict[PriceLineId | None, tuple[PriceOverride, ...]] = {
            **_grouped((row for row in active if row.role_price_id), lambda row: row.role_price_id),
            **_grouped((row for row in active if row.markup_id), lambda row: row.markup_id),
        }

    def says_what_is_chargeable(self, line: ContractLine) -> bool:
        """Whether a contract line has roles, categories or selected tasks of its own (P-62); else only the masters are asked."""
        return line.id in self._telling_lines or line.included_tasks is IncludedTasks.SELECTED

    def under(self, policy: PricingPolicy) -> Facts:
        """The same records read under another policy; the indexes are shared, the answers are not."""
        other = copy(self)
        other.policy = policy
        other._answers = {}
        other._rounders = {}
        return other

    def without(self, *, overrides: bool = False, markups: bool = False) -> Facts:
        """The same records as if there were no overrides, or no markups."""
        other = self.under(self.policy)
        if overrides:
            other.overrides = {}
        if markups:
            other.markups = {}
        return other

    def attached(self, owner: PriceListOwner, owner_id: Guid | None) -> tuple[PriceList, ...]:
        """Lists attached to an owner by active associations, each once; parameters are one owner whatever the id (P-7)."""
        return self._attached.get((owner, None if owner is PriceListOwner.PARAMETERS else owner_id), ())

    def remembered(self, key: Hashable, make: Callable[[], Item]) -> Item:
        """The answer made once for a key, or again after many others: memory must not follow the records that are decided.

        Only answers that follow from the key and the records alone may be kept here.
        """
        try:
            return self._answers[key]  # type: ignore[return-value]
        except KeyError:
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            answer = make()
            self._answers[key] = answer
            return answer

    def index(self, key: Hashable, make: Callable[[], Item]) -> Item:
        """As `remembered`, for what follows from the price lists alone, whatever the policy: it is kept."""
        try:
            return self._indexes[key]  # type: ignore[return-value]
        except KeyError:
            made = self._indexes[key] = make()
            return made

    def unit_factors(self, *, of: UnitId, against: UnitId) -> tuple[Decimal, Decimal]:
        """Factors of two units (P-38); raises UnitConversionError where they cannot be converted (P-39)."""
        pair = (of, against)
        if pair not in self._unit_factors:
            try:
                self._unit_factors[pair] = self.units.factors(of=of, against=against)
            except UnitConversionError as error:
                self._unit_factors[pair] = error
        known = self._unit_factors[pair]
        if isinstance(known, UnitConversionError):
            raise known
        return known

    def precision(self, currency_id: CurrencyId | None) -> int:
        """Number of decimals of a currency; two where the currency or its precision is unknown (P-56)."""
        row = self.currencies.get(currency_id) if currency_id else None
        return DEFAULT_PRECISION if row is None else row.decimals

    def rounder(self, currency_id: CurrencyId | None) -> Rounder:
        """Rounds amounts of a currency, in the way of S15 (P-56)."""
        known = self._rounders.get(currency_id)
        if known is None:
            known = self._rounders[currency_id] = Rounder(self.precision(currency_id), Rounding(self.policy.rounding_mode))
        return known

    def code(self, currency_id: CurrencyId | None) -> str | None:
        """ISO code of a currency."""
        row = self.currencies.get(currency_id) if currency_id else None
        return None if row is None else row.code

    def owner_name(self, owner_id: Guid) -> str:
        """An owner of price lists by name and id, for the trail."""
        name = self.names.get(owner_id)
        return f"{name} ({owner_id})" if name else owner_id

    def unit_name(self, unit_id: UnitId | None) -> str:
        """Name of a unit for the trail."""
        row = self.units.by_id.get(unit_id) if unit_id else None
        return (row and row.name) or unit_id or "no unit"


def list_order(price_list: PriceList) -> tuple[date, str, str]:
    """The order in which price lists are named: by first day, then name; the id only settles what looks alike."""
    return (price_list.first_day or date.min, price_list.name or "", price_list.id)


def _change_days(records: PricingRecords) -> tuple[date, ...]:
    """All days from which on a price may differ from the day before: lists begin or end, overrides begin, dated rates change."""
    begins = [row.first_day for row in records.price_lists] + [row.first_day for row in records.exchange_rates]
    ends = [row.last_day for row in records.price_lists] + [row.last_day for row in records.exchange_rates]
    begins += [row.effective_from for row in records.overrides]
    days = {day for day in begins if day} | {day + timedelta(days=1) for day in ends if day and day < date.max}
    return tuple(sorted(days))


def _grouped(rows: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, tuple[Item, ...]]:
    groups: dict[Key, list[Item]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: tuple(group) for name, group in groups.items()}
