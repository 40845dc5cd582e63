"""What holds for every query: engines agree with the oracle, and answers agree with each other."""
