"""Units and their factor chains (P-38, P-39)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.ids import UnitGroupId, UnitId
from proforma.domain.money import EXACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of a unit group; `quantity` counts units of its base unit (a day of eight hours: 8 of Hour)."""

    id: UnitId
    name: str | None = None
    group_id: UnitGroupId | None = None
    quantity: Decimal | None = None
    base_unit_id: UnitId | None = None
    is_group_base: bool = False
    active: bool = True


class UnitConversionError(ValueError):
    """Two units cannot be converted; `reason` is the code of P-39."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Units:
    """All units known, by id; answers how many base units one unit holds."""

    by_id: Mapping[UnitId, Unit]

    def factor(self, unit_id: UnitId) -> tuple[Decimal, UnitId]:
        """Number of root units in one such unit, and the root itself (P-38).

        Raises UnitConversionError `unit-not-convertible` when the chain is broken, goes in circles or has a link that
        says nothing or less than nothing, `unit-factor-zero` when a link is 0.
        """
        product = Decimal(1)
        seen: set[UnitId] = set()
        current = unit_id
        while True:
            unit = self.by_id.get(current)
            if unit is None or current in seen:
                raise UnitConversionError("unit-not-convertible", f"the chain of unit {self._name(unit_id)} ends at {self._name(current)}")
            seen.add(current)
            if unit.is_group_base or unit.base_unit_id is None:
                return product, current
            if unit.quantity is None or unit.quantity < 0:
                held = "an unknown number" if unit.quantity is None else format(unit.quantity, "f")
                raise UnitConversionError("unit-not-convertible", f"unit {self._name(current)} holds {held} of its base unit")
            if unit.quantity == 0:
                raise UnitConversionError("unit-factor-zero", f"unit {self._name(current)} holds 0 of its base unit")
            product = EXACT.multiply(product, unit.quantity)
            current = unit.base_unit_id

    def factors(self, *, of: UnitId, against: UnitId) -> tuple[Decimal, Decimal]:
        """Factors of two units of one group, in units of their common root; equal units need no chain (P-39).

        Raises UnitConversionError as `factor` does, and `unit-not-convertible` for different groups.
        """
        if of == against:
            return Decimal(1), Decimal(1)
        first, first_root = self.factor(of)
        second, second_root = self.factor(against)
        groups = {self.by_id[of].group_id, self.by_id[against].group_id} - {None}
        if first_root != second_root or len(groups) > 1:
            raise UnitConversionError("unit-not-convertible", f"units {self._name(of)} and {self._name(against)} have no common base unit")
        return first, second

    def _name(self, unit_id: UnitId) -> str:
        """What people call the unit, else its id."""
        unit = self.by_id.get(unit_id)
        return (unit and unit.name) or unit_id
