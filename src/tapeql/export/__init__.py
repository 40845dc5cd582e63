"""Results as files and pipes."""
