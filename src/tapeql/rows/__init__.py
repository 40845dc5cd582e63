"""Rows of the tape that a query begins with: bars, trades, quotes, and what is stored of them."""
