"""A customer reads why a line has its price in the language of the document."""

from __future__ import annotations

import pytest

from proforma.documents.words import words

#: The reasons with which a line can have a price (P-67).
PRICED = (
    "role-price", "role-price-override", "role-at-cost", "role-markup-over-cost", "category-price", "category-at-cost",
    "category-markup", "price-list-item", "entered-price", "copied-from-origin",
)  # fmt: skip


@pytest.mark.parametrize("code", PRICED)
def test_no_reason_is_left_as_its_code(code: str) -> None:
    """Every reason has words of its own in Norwegian, and words other than the Norwegian in English."""
    english, norwegian = words("en").reason(code), words("nb").reason(code)
    assert norwegian not in (None, code.replace("-", " "), english)
