"""Plan → SQL: one statement a plan, built node by node and never from text."""
