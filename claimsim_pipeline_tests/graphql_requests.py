"""Whether Dagster's GraphQL would take a request that people are told to send."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import graphql
from dagster_graphql.schema import create_schema
from graphql.execution.values import get_variable_values


@cache
def _schema() -> graphql.GraphQLSchema:
    schema: graphql.GraphQLSchema = create_schema().graphql_schema
    return schema


def complaints(query: str, variables: Mapping[str, Any]) -> list[str]:
    """What Dagster has against a query and its variables; nothing, if it would answer."""
    document = graphql.parse(query)
    (operation,) = document.definitions
    assert isinstance(operation, graphql.OperationDefinitionNode)
    coerced = get_variable_values(_schema(), operation.variable_definitions, dict(variables))
    wrong = coerced if isinstance(coerced, list) else []
    return [error.message for error in [*graphql.validate(_schema(), document), *wrong]]
