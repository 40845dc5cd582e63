"""Coinbase: frames recorded and documented, and both protocols over loopback."""
