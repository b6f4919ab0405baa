"""`tegum explore`: one offline page with sliders over the exact theory around a setting."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Any

from tegum.commands.answers import Answer, Progress, command_line
from tegum.commands.inputs import setting_argument
from tegum.theory.errors import InputError
from tegum.theory.setting import read_setting

if TYPE_CHECKING:
    from tegum.compare.explorer.sliders import Sliders
    from tegum.empirical.ensemble import Ensemble

#: Densities at which `--train` trains.
_TRAINED = 8


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument("--out", required=True, metavar="PAGE.html", help="the page, one file that needs no network")
    command.add_argument("--runs", metavar="DIR", help="folder of train, sweep or study: its runs become dots")
    command.add_argument(
        "--train",
        type=int,
        metavar="N",
        help=f"instead train N runs now at each of {_TRAINED} densities of the setting",
    )
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of --train (default: 0)")
    command.add_argument(
        "--density", nargs=2, type=float, metavar=("FROM", "TO"), help="ends of its slider (default: 0.01 0.8)"
    )
    command.add_argument("--points", type=int, metavar="N", help="positions of that slider (default: 24)")
    command.add_argument(
        "--ratios", nargs="+", type=float, metavar="R", help="importances of the last feature (default: 0.5 1 2)"
    )
    command.add_argument("--l1", nargs="+", type=float, metavar="L", help="values of lambda (default: 0 0.02)")
    command.add_argument("--features", type=_span, metavar="A-B", help="range of n (default: one less to one more)")
    command.add_argument("--hidden", type=_span, metavar="A-B", help="range of m (default: one less to one more)")
    command.add_argument("--workers", type=int, metavar="N", help="processes (default: as many as cores)")


def run(arguments: Namespace) -> Answer:
    from tegum.compare.explorer.explorer import explore
    from tegum.compare.explorer.learned import runs_in
    from tegum.compare.explorer.sliders import sliders_around
    from tegum.empirical.executors.named import executor

    if arguments.runs is not None and arguments.train is not None:
        raise InputError("explore takes either --runs DIR or --train N")
    sliders = sliders_around(read_setting(arguments.setting), **_given(arguments))
    execute = executor("serial" if arguments.workers == 1 else "processes", _workers(arguments))
    with Progress() as progress:
        runs = runs_in(arguments.runs) if arguments.runs is not None else None
        if arguments.train is not None:
            runs = _trained(sliders, arguments.train, arguments.seed, progress)
        page = explore(sliders, arguments.out, runs=runs, command=command_line(), execute=execute, progress=progress)
    positions = len(sliders.densities) * len(sliders.slices)
    size = page.stat().st_size
    answer = {"page": str(page), "positions": positions, "bytes": size}
    return answer, f"{positions} positions of the sliders\npage: {page} ({size / 1e6:.2f} MB)"


def _workers(arguments: Namespace) -> int | None:
    return None if arguments.workers == 1 else arguments.workers


def _given(arguments: Namespace) -> dict[str, Any]:
    """The ranges that the command line names."""
    given = {"densities": arguments.density and tuple(arguments.density)}
    given |= {name: getattr(arguments, name) for name in ("points", "ratios", "l1", "features", "hidden")}
    return {name: value for name, value in given.items() if value is not None}


def _span(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    if not low.isdecimal() or (dash and not high.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is no range such as 4-6")
    return int(low), int(high or low)


def _trained(sliders: Sliders, runs: int, seed: int, progress: Any) -> Ensemble:
    from tegum.compare.explorer.sliders import setting_at
    from tegum.empirical.plan import Training
    from tegum.empirical.training import train_cells

    step = max(1, len(sliders.densities) // _TRAINED)
    settings = [setting_at(sliders.setting, sliders.start, p) for p in sliders.densities[step // 2 :: step]]
    training = Training(runs=runs, seed=seed)
    return train_cells(settings, training, lambda done, total: progress("training", done, total))
