"""Answers handed out: the service that has no transport in it, Flight in front of it, and the client of both."""
