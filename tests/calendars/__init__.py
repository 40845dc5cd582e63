"""Calendars, clocks and the grid of buckets, held against slow references and known days."""
