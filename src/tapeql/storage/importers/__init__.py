"""Files of others brought to our schema.

file ──reader (csv, parquet, feather)──▶ RawBatch ──fields, instants, values──▶ rows of a table + faults
"""
