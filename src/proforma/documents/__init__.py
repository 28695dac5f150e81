"""Proforma invoices as documents that people are shown: one neutral `Paper`, written as PDF, XLSX, CSV or JSON in English or Norwegian.

Never decides an amount, and never reads a table, a clock or a remote: names and figures are handed in.
"""

from proforma.documents.compose import Names, compose
from proforma.documents.csv_text import csv_bytes
from proforma.documents.json_text import json_bytes, schema
from proforma.documents.paper import Paper, Party
from proforma.documents.words import LANGUAGES, Language, words

__all__ = ["LANGUAGES", "Language", "Names", "Paper", "Party", "compose", "csv_bytes", "json_bytes", "schema", "words"]
