"""The wall's SQL by name, and one way of asking it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]
NOT_THERE = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.InsufficientPrivilege,
)
"""What an older or an empty warehouse says to a question."""


@cache
def queries() -> dict[str, str]:
    """Return the text of every query by its name."""
    text = (Path(__file__).parent / "queries.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))


async def ask(
    connection: psycopg.AsyncConnection, name: str, **parameters: object
) -> list[Row]:
    """Return the rows of one query."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries()[name], parameters)
        return await cursor.fetchall()
