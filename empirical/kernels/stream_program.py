"""The random stream in Triton, for programs that draw on a GPU: the numbers of `stream`, word for word."""

import triton
import triton.language as tl


@triton.jit
def words(key, block, step, purpose):
    """The four words of each block of a step's numbers, shaped like `block`; see `stream.words`."""
    zero = block * 0
    return tl.philox(key, block, zero + purpose, zero + step, zero)


@triton.jit
def uniform(word):
    """The word as a number in [0, 1); see `stream.uniforms`."""
    return tl.minimum(word.to(tl.float32) * 2.0**-32, 1 - 2.0**-24)


@triton.jit(do_not_specialize=["step", "purpose"])
def uniforms_program(u_at, keys, step, purpose, parts, COUNT: tl.constexpr, BLOCK: tl.constexpr):
    """`stream.uniforms` to u_at, [runs, COUNT], by `parts` programs for each run; each writes 4 BLOCK numbers."""
    run, part = (tl.program_id(0) // parts).to(tl.int64), tl.program_id(0) % parts
    w0, w1, w2, w3 = words(tl.load(keys + run), part * BLOCK + tl.arange(0, BLOCK), step, purpose)
    u = uniform(tl.interleave(tl.interleave(w0, w2), tl.interleave(w1, w3)))
    position = part * 4 * BLOCK + tl.arange(0, 4 * BLOCK)
    tl.store(u_at + run * COUNT + position, u, position < COUNT)
