"""Binance: recorded frames of August 2024 and October 2021, and REST over loopback."""
