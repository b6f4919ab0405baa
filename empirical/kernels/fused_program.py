"""The device programs of the fused kernel, in Triton: one program trains one model, which never leaves the chip.

Blocks are named by their axes: M hidden units by N features by BLOCK inputs, each a power of two. What lies in the
padding is zero, weights, inputs and gradients, and set to zero as a constant, so that most of its arithmetic is not
even compiled. How a sum is cut up depends on the shape and the batch size only, never on the number of models.
"""

from typing import NamedTuple

import triton
import triton.language as tl

from tegum.empirical.kernels.stream_program import uniform, words


class Form(NamedTuple):
    """What a program is compiled for, besides the shape."""

    optimizer: str
    values: str
    law: str
    tied: bool
    bias: bool
    activation: str
    readout: str
    target: str


# A program made for some step numbers and not for others might round differently.
@triton.jit(do_not_specialize=["start", "count"])
def advance_program(
    W_at, V_at, b_at, loss_at, keys, low, high, scale, decider, importance, l1, rates, start, count,
    FORM: tl.constexpr, HIDDEN: tl.constexpr, FEATURES: tl.constexpr, BATCH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Take `count` optimiser steps of one model from step number `start`.

    W_at: pointers to W and its two moments, [runs, hidden, features]. V_at: to W_out and its moments, [runs, features,
    hidden], where untied. b_at: to b and its moments, [runs, features]. loss_at: [runs], written, mean batch_loss.
    keys: [runs], 64 bits each. low, high, scale, importance: [runs, features]. decider: [features]. l1: [runs].
    rates: [count, 4], see `_stepped`.
    """
    run = tl.program_id(0).to(tl.int64)
    unit = tl.arange(0, triton.next_power_of_2(HIDDEN))
    feature = tl.arange(0, triton.next_power_of_2(FEATURES))
    present = feature < FEATURES
    is_weight = (unit < HIDDEN)[:, None] & present[None, :]
    of_run = run * FEATURES + feature
    weight = run * HIDDEN * FEATURES + unit[:, None] * FEATURES + feature[None, :]
    output = run * HIDDEN * FEATURES + unit[:, None] + feature[None, :] * HIDDEN

    W = _loaded(W_at, weight, is_weight)
    V = W if FORM.tied else _loaded(V_at, output, is_weight)  # W_out transposed
    b = _loaded(b_at, of_run, present & FORM.bias)
    key, sampler = tl.load(keys + run), _sampler(low, high, scale, decider, of_run, feature, present)
    importance = tl.where(present, tl.load(importance + of_run, present, 0.0), 0.0)
    l1 = tl.load(l1 + run)
    losses = tl.zeros([BLOCK], tl.float32)
    for step in range(count):
        dW, dV, db, loss = _gradient(
            W[0], V[0], b[0], importance, l1, key, sampler, feature, present, start + step, FORM, BATCH, BLOCK
        )
        losses += loss
        rate = rates + 4 * step
        W = _stepped(W, dW, rate, is_weight, FORM)
        V = W if FORM.tied else _stepped(V, dV, rate, is_weight, FORM)
        b = _stepped(b, db, rate, present & FORM.bias, FORM)

    _store(W_at, W, weight, is_weight)
    _store(V_at, V, output, is_weight & (not FORM.tied))
    _store(b_at, b, of_run, present & FORM.bias)
    tl.store(loss_at + run, tl.sum(losses, 0) / BATCH / count)


@triton.jit(do_not_specialize=["step"])
def inputs_program(
    x_at, keys, low, high, scale, decider, step,
    FORM: tl.constexpr, FEATURES: tl.constexpr, BATCH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The inputs that `advance_program` draws at this step, to x_at: [runs, features, batch]."""
    run = tl.program_id(0).to(tl.int64)
    feature = tl.arange(0, triton.next_power_of_2(FEATURES))
    present, of_run = feature < FEATURES, run * FEATURES + feature
    key, sampler = tl.load(keys + run), _sampler(low, high, scale, decider, of_run, feature, present)
    for first in range(0, BATCH, 4 * BLOCK):
        quad = first // 4 + tl.arange(0, BLOCK)
        drawn = _draw(key, sampler, feature, quad, step, FORM, BATCH)
        for k in tl.static_range(4):
            sample = 4 * quad + k
            place = of_run[:, None] * BATCH + sample[None, :]
            tl.store(x_at + place, drawn[k], present[:, None] & (sample < BATCH)[None, :])


@triton.jit
def _gradient(
    W, V, b, importance, l1, key, sampler, feature, present, step, FORM: tl.constexpr, BATCH: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """Gradient of the batch_loss by W, by V (in the former if tied) and by b; and BATCH times that loss, [BLOCK]."""
    dW = tl.zeros([W.shape[0], W.shape[1], BLOCK], tl.float32)
    dV = tl.zeros([W.shape[0], W.shape[1], BLOCK], tl.float32)
    db = tl.zeros([W.shape[1], BLOCK], tl.float32)
    losses = tl.zeros([BLOCK], tl.float32)
    for first in range(0, BATCH, 4 * BLOCK):
        quad = first // 4 + tl.arange(0, BLOCK)
        drawn = _draw(key, sampler, feature, quad, step, FORM, BATCH)
        for k in tl.static_range(4):
            x = tl.where(present[:, None], drawn[k], 0.0)
            h, da, dz, loss = _backward(x, W, V, b, importance, l1, present, FORM)
            if BATCH % (4 * BLOCK) != 0:
                in_batch = 4 * quad + k < BATCH
                da, dz = tl.where(in_batch[None, :], da, 0.0), tl.where(in_batch[None, :], dz, 0.0)
                loss = tl.where(in_batch, loss, 0.0)
            dW += da[:, None, :] * x[None, :, :]
            if FORM.tied:
                dW += h[:, None, :] * dz[None, :, :]
            else:
                dV += h[:, None, :] * dz[None, :, :]
            db += dz
            losses += loss
    return tl.sum(dW, 2) * (1 / BATCH), tl.sum(dV, 2) * (1 / BATCH), tl.sum(db, 1) * (1 / BATCH), losses


@triton.jit
def _backward(x, W, V, b, importance, l1, present, FORM: tl.constexpr):
    """The hidden activations h, dloss/da and dloss/dz before both non-linearities, and the loss of each input, [BLOCK].

    a = W x, h = a or ReLU(a), z = V^T h + b, x̂ = z or ReLU(z), loss = sum_i I_i (x̂_i - y_i)^2 + l1 sum_j |h_j|.
    """
    # In the order W[:, :, None] * x[None, :, :] Triton would see a matrix product, and round it to TF32.
    a = tl.sum(x[None, :, :] * W[:, :, None], 1)
    h = tl.maximum(a, 0.0) if FORM.activation == "relu" else a
    z = tl.sum(V[:, :, None] * h[:, None, :], 0) + b[:, None]
    error = (tl.maximum(z, 0.0) if FORM.readout == "relu" else z) - (tl.abs(x) if FORM.target == "abs" else x)
    error = tl.where(present[:, None], error, 0.0)
    weighted = importance[:, None] * error
    loss = tl.sum(weighted * error, 0) + l1 * tl.sum(tl.abs(h), 0)
    dz = 2 * weighted
    if FORM.readout == "relu":
        dz = tl.where(z > 0, dz, 0.0)
    da = tl.sum(dz[None, :, :] * V[:, :, None], 1) + tl.where(h > 0, l1, tl.where(h < 0, -l1, 0.0))
    if FORM.activation == "relu":
        da = tl.where(a > 0, da, 0.0)
    return h, da, dz, loss


@triton.jit
def _stepped(state, gradient, rate, there, FORM: tl.constexpr):
    """The parameter and its two moments after one step; `rate` points to four numbers of this step.

    Adam and AdamW: rate / (1 - beta1^t), 1 / sqrt(1 - beta2^t), what weight decay leaves of a parameter, and beta1.
    SGD: rate, nothing, nothing, momentum.
    """
    value, first, second = state
    size, scale, kept, momentum = tl.load(rate), tl.load(rate + 1), tl.load(rate + 2), tl.load(rate + 3)
    if FORM.optimizer == "sgd":
        first = momentum * first + gradient
        value -= size * first
    else:
        first = momentum * first + (1 - momentum) * gradient
        second = 0.999 * second + 0.001 * gradient * gradient
        value = kept * value - size * first / (tl.sqrt(second) * scale + 1e-8)
    return tl.where(there, value, 0.0), tl.where(there, first, 0.0), tl.where(there, second, 0.0)


@triton.jit
def _loaded(pointers, place, there):
    """A parameter and its two moments; zero where nothing is there."""
    value, first, second = pointers
    return tl.load(value + place, there, 0.0), tl.load(first + place, there, 0.0), tl.load(second + place, there, 0.0)


@triton.jit
def _store(pointers, state, place, there):
    for k in tl.static_range(3):
        tl.store(pointers[k] + place, state[k], there)


@triton.jit
def _sampler(low, high, scale, decider, of_run, feature, present):
    """What `sampling.Sampler` says of each feature of the run, but the reciprocals of its scales."""
    low, high = tl.load(low + of_run, present, 0.0), tl.load(high + of_run, present, 0.0)
    return low, high, tl.load(scale + of_run, present, 0.0), tl.load(decider + feature, present, 0)


@triton.jit
def _draw(key, sampler, feature, quad, step, FORM: tl.constexpr, BATCH: tl.constexpr):
    """Inputs 4 quad + k of this step, k = 0..3, each [N, BLOCK]: those of `sampling.features_from_uniforms`."""
    low, high, scale, decider = sampler
    own = _words(key, feature, quad, step, BATCH)
    deciding = own if FORM.law == "independent" else _words(key, decider, quad, step, BATCH)
    x0 = _input(own[0], deciding[0], low, high, scale, FORM)
    x1 = _input(own[1], deciding[1], low, high, scale, FORM)
    x2 = _input(own[2], deciding[2], low, high, scale, FORM)
    x3 = _input(own[3], deciding[3], low, high, scale, FORM)
    return x0, x1, x2, x3


@triton.jit
def _words(key, row, quad, step, BATCH: tl.constexpr):
    """Words 4 quad + k of each row of the step's numbers, k = 0..3, each [N, BLOCK]."""
    return words(key, row[:, None] * (BATCH // 4) + quad[None, :], step, 0)


@triton.jit
def _input(own, deciding, low, high, scale, FORM: tl.constexpr):
    u = uniform(deciding)
    on = (low[:, None] <= u) & (u < high[:, None])
    x = uniform(own) * scale[:, None]
    if FORM.values == "signed":
        x = 2 * x - 1
    return on.to(tl.float32) if FORM.values == "binary" else tl.where(on, x, 0.0)
