"""Phase diagrams over two axes: optimal cells, first-order curves, stability limits and where they meet."""
