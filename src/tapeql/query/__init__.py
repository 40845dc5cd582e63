"""Syntax → Query: names, types, units and dates decided against registries, calendars and the catalogue."""
