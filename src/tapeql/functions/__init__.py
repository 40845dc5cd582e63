"""The functions of the language: what is computed, and the slow plain-Python answer beside each."""
