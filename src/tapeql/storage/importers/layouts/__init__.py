"""How each source writes its files: a file a source, with its `LAYOUTS`."""
