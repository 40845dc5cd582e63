"""Where the tape is kept: one schema, an embedded lake of Parquet files, a Postgres database, and what fills them.

files ──import_files──▶ Transaction ──merge──▶ Lake (Parquet + numbered manifests) ──▶ Snapshot ──▶ plan, run
feeds ────collect─────▶ LiveWriter  ─────┴───▶ PostgresStore (tables)              ──▶ Snapshot
"""
