"""Which price a record has, and why: pure functions from price lists, contracts and one record to a price decision with its trail.

Never reads a clock, a file, a table or a time zone, never changes a record, and never guesses a price that no rule gives.
"""

from proforma.pricing.book import PriceBook, PricingRecords

__all__ = ["PriceBook", "PricingRecords"]
