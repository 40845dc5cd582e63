"""Coinbase Exchange: flat messages told apart by `type`; only the match engine's numbers, none of the connection."""
