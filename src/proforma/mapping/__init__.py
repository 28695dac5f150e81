"""Mappings as data: the YAML that turns a foreign row into a record, and an invoice into a finance document; read, checked, compiled.

Never talks to a server, keeps nothing, decides no price and no invoice, and never runs anything that a mapping file says.
"""

from proforma.mapping.compiler import VERSION, CompiledEntity, Form, compile_entity
from proforma.mapping.description import describe, schema
from proforma.mapping.dimensions import DimensionColumn, dimension_columns
from proforma.mapping.editing import NewOption, Rename, edited
from proforma.mapping.entities import EntityMapping, Mappings, values_of, words_of
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
    "Rename",
    "RestMapping",
    "RowRejectedError",
    "Values",
    "compile_entity",
    "describe",
    "did_you_mean",
    "dimension_columns",
    "edited",
    "load_mappings",
    "nearest",
    "schema",
    "shipped_mappings",
    "values_of",
    "words_of",
]
