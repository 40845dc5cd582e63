"""Every venue shows what it can: a card in tests/connectors/<venue>/card.py, and tests of its own beside it."""
