"""Mappings as data: the YAML that turns a foreign row into a record, an invoice into a finance document, and its fate into columns.

Never talks to a server, keeps nothing, decides no price and no invoice, and never runs anything that a mapping file says.
"""

from proforma.mapping.compiler import VERSION, CompiledEntity, Form, compile_entity
from proforma.mapping.description import describe, schema
from proforma.mapping.dimensions import DimensionColumn, dimension_columns
from proforma.mapping.editing import NewOption, Rename, edited
from proforma.mapping.entities import EntityMapping, Mappings, table_of, values_of, words_of
from proforma.mapping.expressions import Read, Values
from proforma.mapping.faults import Fault, MappingError, RowRejectedError, did_you_mean, nearest
from proforma.mapping.finance import (
    AccountRule,
    BusinessCentralMapping,
    DocumentRules,
    DynamicsMapping,
    FinanceCall,
    FinanceMapping,
    RestMapping,
)
from proforma.mapping.folder import load_mappings, shipped_mappings
from proforma.mapping.write_back import ReadyAction, WriteBackMapping, WrittenColumn, fingerprint

__all__ = [
    "VERSION",
    "AccountRule",
    "BusinessCentralMapping",
    "CompiledEntity",
    "DimensionColumn",
    "DocumentRules",
    "DynamicsMapping",
    "EntityMapping",
    "Fault",
    "FinanceCall",
    "FinanceMapping",
    "Form",
    "MappingError",
    "Mappings",
    "NewOption",
    "Read",
    "ReadyAction",
    "Rename",
    "RestMapping",
    "RowRejectedError",
    "Values",
    "WriteBackMapping",
    "WrittenColumn",
    "compile_entity",
    "describe",
    "did_you_mean",
    "dimension_columns",
    "edited",
    "fingerprint",
    "load_mappings",
    "nearest",
    "schema",
    "shipped_mappings",
    "table_of",
    "values_of",
    "words_of",
]
