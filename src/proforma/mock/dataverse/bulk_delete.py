"""BulkDelete: rows that queries find are deleted; where the real service starts a job, the mock has done it at once (W-149)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from proforma.mock.dataverse.bodies import document_of
from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_operation
from proforma.mock.dataverse.filters import operator_of
from proforma.mock.dataverse.joins import cell_name
from proforma.mock.dataverse.operators import Condition, condition_of, subject_of
from proforma.mock.dataverse.privileges import require
from proforma.mock.dataverse.protection import refuse_deletion
from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Value, mapping_of
from proforma.mock.world import Table, World

_OPERATORS: Final = {
    "Equal": "eq",
    "NotEqual": "ne",
    "GreaterThan": "gt",
    "GreaterEqual": "ge",
    "LessThan": "lt",
    "LessEqual": "le",
}


def bulk_delete_response(world: World, request: Request, api: str) -> Response:
    """The answer to `POST {api}BulkDelete`: the id of the job."""
    if request.method != "POST":
        raise no_operation(f"{request.base}{request.plain_path}")
    queries = document_of(request).get("QuerySet")
    if not isinstance(queries, list) or not queries:
        raise ODataError(400, "0x80040203", "BulkDelete needs a QuerySet: a list of queries.")
    with world.transaction():
        for query in queries:
            _delete(world, mapping_of(query))
    document = {"@odata.context": f"{api}$metadata#Microsoft.Dynamics.CRM.BulkDeleteResponse", "JobId": str(uuid4())}
    return json_response(200, document, ("Content-Type", JSON_TYPE))


def _delete(world: World, query: Mapping[str, Value]) -> None:
    table = world.table_of(str(query.get("EntityName")))
    if table is None:
        raise ODataError(400, "0x80041102", f"The entity with a name = '{query.get('EntityName')}' was not found in the MetadataCache.")
    require(world, table, "delete")
    criteria = mapping_of(query.get("Criteria"))
    conditions = criteria.get("Conditions")
    holds = [_condition(world, table, mapping_of(one)) for one in (conditions if isinstance(conditions, list) else [])]
    if criteria.get("Filters") or not holds:
        raise ODataError(501, "0x80040203", "The mock server does not support BulkDelete with nested filters or without a condition.")
    together = any if criteria.get("FilterOperator") == "Or" else all
    for row in [row for row in table.rows.values() if together(one(row) is True for one in holds)]:
        refuse_deletion(world, table, row)
        world.delete(table, str(row[table.schema.primary_id]))


def _condition(world: World, table: Table, condition: Mapping[str, Value]) -> Condition:
    values = condition.get("Values")
    given = values if isinstance(values, list) else []
    texts = [str(mapping_of(value).get("Value", "")) if isinstance(value, dict) else str(value) for value in given]
    subject = subject_of(world, table, (cell_name(table, str(condition.get("AttributeName"))),))
    name = str(condition.get("Operator"))
    return condition_of(_OPERATORS.get(name) or operator_of(name), subject, texts)
