"""A query a file, with siblings for what it becomes: canonical form, plan, SQL per dialect, rows."""
