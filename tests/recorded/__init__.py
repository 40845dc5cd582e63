"""Answers on real recorded markets, each against an independent calculation with pandas."""
