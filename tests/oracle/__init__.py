"""A slow oracle of the language's meaning, in plain Python, and a generator of queries to ask it."""
