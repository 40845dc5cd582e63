"""Array kernels over sorted arrays and one grid of instants."""
