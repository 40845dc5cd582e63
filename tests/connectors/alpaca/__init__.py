"""Alpaca: documented and recorded samples, and the real connector against a simulated exchange."""
