"""Expectations of rows of overlaps by characteristic functions (compiled): the kernel of route 2.

On |t| <= R the odd harmonics ω_k = kπ/R, k = 1, 3, 5, … give exactly

    |t| = R/2 - (4R/π²) Σ cos(ω_k t)/k²,   t|t| = R t - (8R²/π³) Σ sin(ω_k t)/k³,   sign t = (4/π) Σ sin(ω_k t)/k.

Every feature law is a product of independent blocks, so the characteristic function of z = b + Σ_j g_j x_j is the
product e^{iωb} Π_B f_B.  At most one member of an exclusive block is on, f_B = o_B + Σ_j p_j φ(ω g_j); the members of
a joint block are on together, f_B = o_B + p Π_j φ(ω g_j); o_B is the probability that none is on.  An independent
feature is an exclusive block of one.  φ(y) = E e^{iyx} for a magnitude that is on; that of a signed one is
its real part.

Small overlaps do not damp that product, and states with one active feature hardly do.  So the features are split by
scale.  With all large features off, the small ones are a row of their own, treated next, at their own scale; states
in which exactly one feature is on, a large one of an exclusive block, are integrated in closed form; only the
remainder goes through the series.

What a scale has in closed form, its bounds and how many harmonics it needs are planned (`planning`) apart from where
the harmonics are summed: here, `LANES` at a time, so that the inner loops run over neighbours in memory (`sums`); or,
all rows together as a flat list (`jobs`), by tensors on any device.
"""

from pathlib import Path

from tegum.theory.loss.stale import forget_stale_kernels

forget_stale_kernels(Path(__file__).parent)
