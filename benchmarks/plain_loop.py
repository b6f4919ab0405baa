"""The loop that fast training is measured against: the published notebook's, which users start from."""

from collections.abc import Callable

import torch

from tegum.theory.setting import Setting


def plain_loop(setting: Setting, models: int, batch: int, device: str) -> Callable[[int], None]:
    """Takes as many steps as it is told: W [instances, features, hidden], einsum, AdamW, fresh inputs each step.

    Source: notebook of Elhage et al. 2022, "Toy Models of Superposition", without its printing.
    """
    shape = (models, setting.count, setting.hidden)
    W = torch.nn.Parameter(torch.nn.init.xavier_normal_(torch.empty(shape, device=device)))
    b = torch.nn.Parameter(torch.zeros(shape[:2], device=device))
    importance, density = (torch.tensor(one, device=device) for one in (setting.importance, setting.density))
    optimizer = torch.optim.AdamW([W, b], lr=1e-3)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        magnitude = torch.rand((batch, models, setting.count), device=device)
        x = torch.where(torch.rand_like(magnitude) <= density, magnitude, torch.zeros((), device=device))
        hidden = torch.einsum("...if,ifh->...ih", x, W)
        out = torch.relu(torch.einsum("...ih,ifh->...if", hidden, W) + b)
        loss = (importance * (x.abs() - out) ** 2).mean((0, 2)).sum()
        loss.backward()
        optimizer.step()

    def turn(steps: int) -> None:
        for _ in range(steps):
            step()

    return turn
