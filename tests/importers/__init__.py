"""The files people have."""
