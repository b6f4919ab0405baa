"""One file for each command: its options, and its answer from them."""
