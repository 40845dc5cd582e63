"""Plan → batches: one engine a file, and the kernels they share."""
