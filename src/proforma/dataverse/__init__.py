"""The Dataverse Web API client: queries as values, pages as they come, and the faults of an environment by name.

It never interprets a column, never keeps a row, and never sends a token anywhere but to the configured environment.
"""
