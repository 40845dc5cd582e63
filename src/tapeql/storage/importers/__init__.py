"""Files of others brought to our schema.

file ──packed──▶ bytes ──reader (text, json, parquet, feather, dbn)──▶ sample ──seen, columns, recognise──▶ Taken
     ──reader──▶ RawBatch ──fields, instants, numbers, values──▶ rows of a table + faults
"""
