"""Compiles the fused kernel as it would be launched on a GPU that is not there, and prints what came out, as JSON.

Run by itself, since Triton either compiles or interprets for the life of a process.
"""

import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction

from tegum.empirical.device_stream import uniforms_by_triton
from tegum.empirical.kernels import fused
from tegum.empirical.models import new_models
from tegum.empirical.plan import Training
from tegum.theory.setting import Setting

CUOBJDUMP = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
SETTINGS = {
    "plain": Setting(count=5, hidden=2, density=0.1),
    "largest": Setting(count=20, hidden=5, density=0.1),
    "square": Setting(count=16, hidden=16, density=0.1),
    "everything": Setting(
        count=5,
        hidden=2,
        density=0.1,
        values="signed",
        law="correlated",
        groups=[[0, 1]],
        tied=False,
        activation="relu",
        target="abs",
        l1=0.1,
    ),
}


class Hopper:
    """An H200 as far as the compiler asks."""

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", 90, 32)


def main() -> None:
    made: list[Any] = []
    launch = JITFunction.run

    def compile_only(function: JITFunction, *arguments: Any, warmup: bool, **options: Any) -> None:
        made.append(launch(function, *arguments, warmup=True, **options))

    driver.set_active(Hopper())
    JITFunction.run = compile_only
    found = {}
    for name, setting in SETTINGS.items():
        made.clear()
        for (first, count), runs in product([(0, 1), (16, 100)], [1, 16]):
            take(setting, runs, first, count)
        found[name] = {"programs": len({id(program) for program in made}), **described(made[0])}
    made.clear()
    for step, runs in product([1, 16], [1, 16]):
        uniforms_by_triton(torch.device("cpu"), np.arange(runs, dtype=np.uint64), step, 5000)
    found["stream"] = {"programs": len({id(program) for program in made}), **described(made[0])}
    json.dump(found, sys.stdout)


def take(setting: Setting, runs: int, first: int, count: int) -> None:
    training = Training(batch_size=1024, steps=200, device="cpu", kernel="fused")
    keys = np.arange(runs, dtype=np.uint64)
    fused.advance(new_models([setting] * runs, keys, training), [setting] * runs, keys, training, first, count)


def described(program: Any) -> dict[str, Any]:
    """Bytes of registers that overflowed into memory, and whether a product is left to the TF32 units."""
    with TemporaryDirectory() as folder:
        binary = Path(folder, "program.cubin")
        binary.write_bytes(program.asm["cubin"])
        command = [str(CUOBJDUMP), "--dump-resource-usage", str(binary)]
        used = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    stack = re.search(r"STACK:(\d+)", used)
    assert stack is not None, used
    return {"overflow": int(stack[1]), "matrix_products": program.asm["ttgir"].count("tt.dot")}


if __name__ == "__main__":
    main()
