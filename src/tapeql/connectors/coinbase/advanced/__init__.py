"""Advanced Trade: channels in envelopes that number everything a connection says."""
