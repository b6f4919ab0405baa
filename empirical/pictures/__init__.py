"""Pictures: the look that all figures share, and the views of any weights and of any run."""
