"""Massive: documented samples, and the real connector against a simulated exchange."""
