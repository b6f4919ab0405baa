"""Numbers drawn on a device are those of the counter-based stream, to the bit."""

import numpy as np
import pytest
import torch

from tegum.empirical.stream import DATASET, STEP, uniforms, words
from tegum.empirical.torch_stream import torch_uniforms, torch_words

KEYS = np.array([0, 1, 2**32, 2**63 + 12345, 2**64 - 1], dtype=np.uint64)
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="")]),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("purpose", [STEP, DATASET])
@pytest.mark.parametrize("step", [0, 1, 2**31, 2**32 + 7, 10**12])
def test_words_and_uniforms_are_the_streams(step, purpose, device):
    on = torch.device(device)
    for count in (1, 4, 1003):
        drawn = torch_words(KEYS, step, count, purpose, on).cpu().numpy()
        np.testing.assert_array_equal(drawn.astype(np.uint32), words(KEYS, step, count, purpose))
        assert ((drawn >= 0) & (drawn < 2**32)).all()
        u = torch_uniforms(KEYS, step, count, on, purpose).cpu().numpy()
        np.testing.assert_array_equal(u, uniforms(KEYS, step, count, purpose))


def test_known_answers_of_philox():
    # Random123's table kat_vectors, philox4x32 10: counter and key of all zeros. A counter of blocks only is reached.
    drawn = torch_words(KEYS[:1], 0, 4, 0, torch.device("cpu"))[0].tolist()
    assert [f"{word:08x}" for word in drawn] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]
