"""Balance: the factoring of untied weights into two halves of equal size, in which the model's two sides compare."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.weights import Weights


def balanced(weights: Weights, activation: str = "none") -> Weights:
    """The same model with the sizes of W_in and W_out made equal; tied weights are balanced.

    A linear hidden layer says no more than G = W_out W_in = U S Vᵀ, which factors into U √S and √S Vᵀ.  A ReLU hidden
    layer can only be rescaled unit by unit: row a of W_in and column a of W_out get equal norms.

    Args:
        weights: one model, or an ensemble.
        activation: of the hidden layer, "none" or "relu".

    Returns:
        `Weights` of the same shape and loss; W_out = W_inᵀ exactly where the model could be tied.

    Validity: any weights; a linear hidden layer is balanced up to rotation.  What breaks: a ReLU unit that has weights
    on one side only says nothing and is left as it is.

    Source: balanced weights, W_outᵀ W_out = W_in W_inᵀ: Arora, Cohen & Hazan 2018, "On the Optimization of Deep
    Networks".
    """
    if weights.W_out is None:
        return weights
    if activation == "relu":
        return _scaled(weights.W, weights.b, weights.W_out)
    # Only the small core of G is factored: nothing is lost by squaring or by summing over features.
    left, core_out = np.linalg.qr(weights.W_out)
    right, core_in = np.linalg.qr(np.swapaxes(weights.W, -1, -2))
    U, sizes, V = np.linalg.svd(core_out @ np.swapaxes(core_in, -1, -2))
    root = np.sqrt(sizes)
    inward, outward = np.zeros_like(weights.W), np.zeros_like(weights.W_out)
    rank = sizes.shape[-1]
    inward[..., :rank, :] = root[..., None] * (V @ np.swapaxes(right, -1, -2))
    outward[..., :rank] = (left @ U) * root[..., None, :]
    return Weights(inward, weights.b, outward)


def _scaled(W: np.ndarray, b: np.ndarray, W_out: np.ndarray) -> Weights:
    inward, outward = np.linalg.norm(W, axis=-1), np.linalg.norm(W_out, axis=-2)
    heard = (inward > 0) & (outward > 0)
    scale = np.sqrt(np.divide(outward, inward, out=np.ones_like(inward), where=heard))
    scale = np.where(heard, scale, 1.0)
    return Weights(W * scale[..., None], b, W_out / scale[..., None, :])


def asymmetry(weights: Weights, activation: str = "none") -> Float[np.ndarray, "*ensemble"]:
    """How far an untied model is from a tied one: ‖W_outᵀ - W_in‖ / (‖W_out‖ + ‖W_in‖) of the balanced weights.

    Args:
        weights: one model, or an ensemble.
        activation: of the hidden layer.

    Returns:
        0 for a model that could be tied (with a linear hidden layer: G symmetric, no eigenvalue negative), at most 1.

    Validity: unchanged by rotation and rescaling of the hidden layer.
    """
    even = balanced(weights, activation)
    inward, outward = even.W, np.swapaxes(even.outward, -1, -2)
    apart, sizes = (_norm(outward - inward), _norm(outward) + _norm(inward))
    return np.divide(apart, sizes, out=np.zeros_like(apart), where=sizes > 0)


def _norm(matrices: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((matrices**2).sum(axis=(-1, -2))))
