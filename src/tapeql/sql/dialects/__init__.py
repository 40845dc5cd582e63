"""The engines SQL is written for, by name; each says only where it differs."""

from __future__ import annotations

from tapeql.sql.dialects.dialect import Dialect, Unsayable
from tapeql.sql.dialects.duckdb import DuckDB
from tapeql.sql.dialects.postgres import Postgres

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (DuckDB(), Postgres())}

__all__ = ["DIALECTS", "Dialect", "DuckDB", "Postgres", "Unsayable"]
