"""Mappings as data: the YAML that turns a foreign row into a record, an invoice into a finance document, and its fate into columns.

Never talks to a server, keeps nothing, decides no price and no invoice, and never runs anything that a mapping file says.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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

# Reading YAML needs a corner of this package: commands that look at the configuration alone do not pay for mappings and their compiler.
_HOMES: Final = {
    "VERSION": "compiler",
    "AccountRule": "finance",
    "BusinessCentralMapping": "finance",
    "CompiledEntity": "compiler",
    "DimensionColumn": "dimensions",
    "DocumentRules": "finance",
    "DynamicsMapping": "finance",
    "EntityMapping": "entities",
    "Fault": "faults",
    "FinanceCall": "finance",
    "FinanceMapping": "finance",
    "Form": "compiler",
    "MappingError": "faults",
    "Mappings": "entities",
    "NewOption": "editing",
    "Read": "expressions",
    "ReadyAction": "write_back",
    "Rename": "editing",
    "RestMapping": "finance",
    "RowRejectedError": "faults",
    "Values": "expressions",
    "WriteBackMapping": "write_back",
    "WrittenColumn": "write_back",
    "compile_entity": "compiler",
    "describe": "description",
    "did_you_mean": "faults",
    "dimension_columns": "dimensions",
    "edited": "editing",
    "fingerprint": "write_back",
    "load_mappings": "folder",
    "nearest": "faults",
    "schema": "description",
    "shipped_mappings": "folder",
    "table_of": "entities",
    "values_of": "entities",
    "words_of": "entities",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
