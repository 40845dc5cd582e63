"""The small lake that plans are made over."""

from tests.sql.conftest import in_lake, lake

__all__ = ["in_lake", "lake"]
