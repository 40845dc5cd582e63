"""The columns of the result as SQL, whatever the rows are."""

from tapeql.operators.project.sql import lower as lower
