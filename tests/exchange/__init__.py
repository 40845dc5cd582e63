"""A simulated exchange on loopback: real websockets and HTTP, a market with a ledger, faults on demand.

source ──events──▶ Market (ledger) ──▶ Exchange ──venue's protocol──▶ faults ──▶ sockets, REST replies
"""
