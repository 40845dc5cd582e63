"""IBKR: what ib_async makes of real and written messages, and the real client against a simulated TWS."""
