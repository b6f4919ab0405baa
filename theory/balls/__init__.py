"""Ball arithmetic: enclosures of the loss, of its critical points and of their signatures, all proved."""
