"""The Dataverse Web API of the mock: rows, queries, pages, writes and table definitions, as documented and observed.

It never invents success: what it does not know it refuses with a clear error.
"""
