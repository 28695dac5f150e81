"""Which lists may be attached to whom (P-9, P-10)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pricing_world import World

from proforma.domain.codes import PriceListOwner, Side
from proforma.domain.ids import CurrencyId, Guid, PriceListId
from proforma.domain.policies import PricingPolicy
from proforma.pricing.attaching import AttachmentProblem, AttachVerdict, attach_verdict, attachment_problems

OK = AttachVerdict(True)
CONTEXT, CURRENCY = (AttachVerdict(False, reason) for reason in ("wrong-context", "wrong-currency"))
OVERLAP = AttachVerdict(False, "overlap", PriceListId(Guid("there")))
MULTI = PricingPolicy(multi_currency_cost_price_lists=True)


def world(policy: PricingPolicy | None = None) -> World:
    """Lists of each context in USD and EUR, attached to nobody, and owners of all kinds in USD."""
    found = World(policy=policy or PricingPolicy())
    for context in Side:
        for code in ("USD", "EUR"):
            found.price_list(f"{context} {code}", context=context, currency=code, at=None)
    kinds = {
        "acme": PriceListOwner.ACCOUNT,
        "Ann": PriceListOwner.CONTACT,
        "chance": PriceListOwner.OPPORTUNITY,
        "seller": PriceListOwner.VENDOR,
    }
    dollar: CurrencyId | None = CurrencyId(Guid("USD"))
    owners: dict[Guid, tuple[PriceListOwner, CurrencyId | None]] = {Guid(name): (kind, dollar) for name, kind in kinds.items()}
    owners[Guid("parameters")] = (PriceListOwner.PARAMETERS, None)
    owners[Guid("no currency")] = (PriceListOwner.ACCOUNT, None)
    found.records = replace(found.records, owner_currencies=owners)
    return found


def verdict(found: World, name: str, owner: str) -> AttachVerdict:
    """The verdict on a list and an owner."""
    return attach_verdict(found.book(), PriceListId(Guid(name)), Guid(owner))


@pytest.mark.parametrize("owner", ["deal", "offer", "acme", "Ann", "chance"])
def test_p9_sales_owners_take_sales_lists_in_their_currency(owner: str) -> None:
    """P-9: contract, quote, account, contact and opportunity alike."""
    told = [verdict(world(), name, owner) for name in ("sales USD", "sales EUR", "cost USD", "purchase USD", "cost EUR")]

    assert told == [OK, CURRENCY, CONTEXT, CONTEXT, CONTEXT]


def test_p9_an_owner_without_currency_takes_no_list() -> None:
    """P-9: currencies must be equal, and nothing is equal to an empty one."""
    assert verdict(world(), "sales USD", "no currency") == CURRENCY


@pytest.mark.parametrize(("policy", "euro"), [(PricingPolicy(), CURRENCY), (MULTI, OK)])
def test_p9_units_take_cost_lists(policy: PricingPolicy, euro: AttachVerdict) -> None:
    """P-9, S7: in the unit's currency, or in any with multi-currency cost lists."""
    told = [verdict(world(policy), name, "US") for name in ("cost USD", "cost EUR", "sales USD", "purchase USD")]

    assert told == [OK, euro, CONTEXT, CONTEXT]


def test_p9_vendors_and_subcontracts_take_purchase_lists_in_their_currency() -> None:
    """P-9: the vendor here is in USD, the subcontract in EUR."""
    assert [verdict(world(), name, "seller") for name in ("purchase USD", "purchase EUR", "cost USD")] == [OK, CURRENCY, CONTEXT]
    assert [verdict(world(), name, "subcontract") for name in ("purchase EUR", "purchase USD", "sales EUR")] == [OK, CURRENCY, CONTEXT]


def test_p9_parameters_take_cost_and_sales_lists_in_any_currency() -> None:
    """P-9: no purchase lists."""
    told = [verdict(world(), name, "parameters") for name in ("cost USD", "cost EUR", "sales USD", "sales EUR", "purchase USD")]

    assert told == [OK, OK, OK, OK, CONTEXT]


def test_p9_ids_that_nobody_knows() -> None:
    """P-9: a wrong id is named, not guessed at."""
    assert verdict(world(), "nothing", "deal") == AttachVerdict(False, "unknown-price-list")
    assert verdict(world(), "sales USD", "nobody") == AttachVerdict(False, "unknown-owner")


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-07-01", "2026-12-31", OK),
        ("2026-06-30", "2026-12-31", OVERLAP),
        ("2025-01-01", "2025-12-31", OK),
        ("2025-01-01", "2026-01-01", OVERLAP),
        ("2026-02-01", "2026-03-01", OVERLAP),
        ("2026-07-01", None, OK),
        (None, "2025-12-31", OK),
        (None, None, OVERLAP),
    ],
)
def test_p10_lists_of_one_owner_share_no_day(since: str | None, until: str | None, expected: AttachVerdict) -> None:
    """P-10: touching is not overlapping; an open end reaches for ever."""
    found = world()
    found.price_list("there", until="2026-06-30", at="acme", owner=PriceListOwner.ACCOUNT)
    found.price_list("new", since=since, until=until, at=None)

    assert verdict(found, "new", "acme") == expected
    assert verdict(found, "new", "deal") == OK


def test_p10_a_list_does_not_overlap_itself_or_what_pricing_ignores() -> None:
    """P-10, P-7: inactive lists, inactive associations, and lists that should not be attached stand in nobody's way."""
    found = world()
    found.price_list("retired", active=False)
    found.attach("sales EUR", at="deal")
    found.attach("cost USD", at="deal")
    found.price_list("detached", at=None)
    found.attach("detached", at="deal", active=False)

    assert verdict(found, "sales USD", "deal") == OK
    found.attach("sales USD", at="deal")
    assert verdict(found, "sales USD", "deal") == OK


@pytest.mark.parametrize(
    ("policy", "name", "expected"),
    [
        (PricingPolicy(), "cost USD", OVERLAP),
        (PricingPolicy(), "cost EUR", OK),
        (PricingPolicy(), "sales USD", OK),
        (MULTI, "cost EUR", OVERLAP),
        (MULTI, "sales EUR", OK),
    ],
)
def test_p10_parameters_compare_one_context_and_currency(policy: PricingPolicy, name: str, expected: AttachVerdict) -> None:
    """P-10, S7: with multi-currency cost lists, cost lists are compared whatever their currency."""
    found = world(policy)
    found.price_list("there", context=Side.COST, at="parameters", owner=PriceListOwner.PARAMETERS)

    assert verdict(found, name, "parameters") == expected


def test_p9_what_is_attached_against_the_rules_is_reported() -> None:
    """P-9, P-10: wrong lists and overlaps of a contract, for the check of that contract."""
    found = world()
    found.price_list("FY26")
    found.price_list("Autumn", since="2026-09-01", until="2026-10-31")
    found.price_list("Retired", active=False)
    found.attach("sales EUR", at="deal")
    found.attach("cost USD", at="deal")

    problems = attachment_problems(found.book(), Guid("deal"))

    assert problems == (
        AttachmentProblem(PriceListId(Guid("Retired")), "inactive"),
        AttachmentProblem(PriceListId(Guid("cost USD")), "wrong-context"),
        AttachmentProblem(PriceListId(Guid("sales EUR")), "wrong-currency"),
        AttachmentProblem(PriceListId(Guid("Autumn")), "overlap", PriceListId(Guid("FY26"))),
    )
    assert attachment_problems(found.book(), Guid("nobody")) == ()
