"""Names of tables and columns that no public source confirms, and the labels under which a person finds them in an environment.

The mappings spell the names we assumed; an environment that calls them otherwise is recognised by the label that the documentation uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: Labels of the tables behind entities.
TABLE_LABELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "price-override": ("Role price override", "Price override", "Date effective price override", "Role price override by date"),
        "subcontract-price-list": ("Subcontract price list", "Subcontract purchase price list"),
        "line-customer": ("Contract line customer", "Project contract line customer", "Contract line split billing rule"),
        "line-task": ("Contract line task", "Project contract line task", "Chargeable task"),
        "retainer": ("Retainer", "Project contract retainer", "Contract retainer", "Retainer or advance"),
        "contract-customer": ("Contract customer", "Project contract customer", "Project contract split billing rule"),
    }
)

#: Labels of the columns behind fields, by entity and field.
COLUMN_LABELS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        ("actual", "nte_status"): ("Not-to-exceed status", "NTE status"),
        ("actual", "subcontract_id"): ("Subcontract",),
        ("contract-line", "discount_percent"): ("Discount percentage", "Discount percent", "Discount %"),
        ("contract-line", "fee_percent"): ("Fee percentage", "Fee percent", "Fee %"),
        ("contract-line", "included_tasks"): ("Included tasks", "Included project tasks"),
        ("contract-line", "nte_limit"): ("Not-to-exceed limit", "NTE limit"),
        ("contract", "nte_limit"): ("Not-to-exceed limit", "NTE limit"),
        ("contract-customer", "nte_limit"): ("Not-to-exceed limit", "NTE limit"),
        ("contract-customer", "percent"): ("Billing split percentage", "Split percentage", "Billing split %"),
        ("contract-customer", "is_rounding"): ("Rounding", "Is rounding", "Rounding customer"),
        ("contract-customer", "is_primary"): ("Primary", "Is primary", "Primary customer"),
        ("line-customer", "nte_limit"): ("Not-to-exceed limit", "NTE limit"),
        ("line-customer", "percent"): ("Billing split percentage", "Split percentage", "Billing split %"),
        ("line-customer", "is_rounding"): ("Rounding", "Is rounding", "Rounding customer"),
        ("line-task", "task_id"): ("Project task", "Task"),
        ("line-task", "billing_type"): ("Billing type",),
        ("milestone", "customer_id"): ("Customer", "Contract customer", "Account customer"),
        ("price-override", "effective_from"): ("Effective from", "Effective date", "Start date"),
        ("price-override", "price"): ("Price",),
        ("price-override", "percent"): ("Percent", "Percentage", "Markup percentage"),
        ("retainer", "invoice_date"): ("Invoice date",),
        ("retainer", "used"): ("Used amount",),
        ("retainer", "available"): ("Available amount",),
    }
)


def same_label(first: str, second: str) -> bool:
    """Whether two labels say the same: case, blanks, hyphens and the like do not count."""
    return _bare(first) == _bare(second) != ""


def _bare(label: str) -> str:
    return "".join(character for character in label.casefold() if character.isalnum() or character == "%")
