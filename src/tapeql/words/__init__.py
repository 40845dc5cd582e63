"""The words of a sentence: verbs, clauses, and how the whole is understood."""
