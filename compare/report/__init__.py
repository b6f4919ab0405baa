"""Reports: HTML, LaTeX, BibTeX, JSON and figures of one comparison."""
