"""Tests of the collector's room."""
