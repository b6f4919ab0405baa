"""An encyclopedia's article of 2026 on Elhage et al. 2022."""
