"""Query → Plan: what is read, computed, kept and shown, and in which order."""
