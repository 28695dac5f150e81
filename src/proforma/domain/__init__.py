"""The nouns of the field as frozen records: price lists, role prices, contracts, actuals, invoices, money, units, dates.

Never any I/O, clock or Dataverse name: foreign names live in `mappings/`, and today is an argument.
"""
