"""What may be billed, and the life of a proforma invoice: pure functions from a `Book` to drafts, confirmations and refusals.

Never reads a clock, a file or a table; saving what it returns is the caller's part.
"""
