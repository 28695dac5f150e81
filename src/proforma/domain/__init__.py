"""The nouns of the field: price lists, role prices, contracts, actuals, invoices, money, units, dates. Frozen records and small pure values.

Never any I/O, clock or Dataverse name: foreign names live in `mappings/`, and today is an argument.
"""
