"""The command line: every command of the toolkit, each with ``--json``.

Only the parser is built here; a command imports what it needs when it runs, so that ``--help`` answers at once.
Exit status: 0 done, 1 a check failed, 2 bad input (one line on standard error), 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from tegum.theory.errors import InputError

_EXAMPLES = """examples:
  tegum optimum examples/five-in-two.toml
  tegum boundary examples/five-in-two.toml --between pentagon "2*digon + dropped" --over density --from 0.1 --to 0.4
  tegum compare examples/five-in-two.toml --weights my-weights.npz --out out/mine
  tegum study plans/five-in-two.toml --out out/report
"""


class _Parser(ArgumentParser):
    """Bad arguments end as all bad input does: one line on standard error, exit status 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    # The theory works on many small matrices side by side; a linear algebra library that splits each over threads of
    # its own makes that many times slower.  Read when NumPy is loaded, which is later; what the user set stays.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        arguments = _parser().parse_args(argv)
        return _run(arguments)
    except BrokenPipeError:  # the reader of a pipe had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except InputError as error:
        print(f"tegum: {_one_line(error)}", file=sys.stderr)
        return 2
    except ArithmeticError as error:
        print(f"tegum: undecided: {_one_line(error)}", file=sys.stderr)
        return 1
    except MemoryError:
        print("tegum: there is not enough memory for this; ask for fewer or smaller models", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("tegum: interrupted; what was finished is kept", file=sys.stderr)
        return 130


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _run(arguments: Namespace) -> int:
    command: Callable[[Namespace], tuple[dict[str, Any], str]] = getattr(
        import_module("tegum.commands"), arguments.command
    )
    answer, text = command(arguments)
    print(json.dumps(answer, allow_nan=False) if arguments.json else text, flush=True)
    return 0


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="tegum",
        description="Exact losses, optima and phase boundaries of toy models of superposition, and their comparison\n"
        "with what training learns.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for add in (
        _loss,
        _optimum,
        _candidates,
        _formula,
        _boundary,
        _stability,
        _phases,
        _table,
        _mixture,
        _train,
        _identify,
        _diagnose,
        _compare,
        _study,
    ):
        add(commands)
    return parser


class _ShowVersion(Action):
    """Looks the version up only when it is asked for: the package's metadata costs more than building the parser."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"tegum {version('tegum')}")
        parser.exit()


def _command(commands, name: str, summary: str, setting: bool = True) -> ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary)
    if setting:
        command.add_argument("setting", metavar="SETTING", help="setting file (TOML)")
    command.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    return command


def _weights_options(command, required: bool = True) -> None:
    command.add_argument("--weights", metavar="FILE", required=required, help="weights file, .npz or .safetensors")
    command.add_argument(
        "--layout",
        default="tegum",
        metavar="NAME",
        help="layout of the weights file: tegum (W [hidden, features], b [features]; the default) or "
        "elhage2022 (the published notebook's W [instance, feature, hidden], b_final, in a PyTorch file)",
    )


def _loss(commands) -> None:
    command = _command(commands, "loss", "exact population loss of given weights")
    _weights_options(command)
    command.add_argument(
        "--method",
        default="auto",
        help="auto, moments, enumeration, meet-in-the-middle, transform or quasi-monte-carlo (default: auto)",
    )
    command.add_argument(
        "--device",
        metavar="NAME",
        help="cpu, cuda or cuda:N: compute with PyTorch's tensors there, all models at once "
        "(default: compiled kernels on the CPU)",
    )


def _optimum(commands) -> None:
    command = _command(commands, "optimum", "best weights of a setting by a global search")
    command.add_argument(
        "--starts", type=int, default=64, metavar="N", help="starts, a quarter structured (default: 64)"
    )
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the starts (default: 0)")
    command.add_argument("--out", metavar="FILE", help="also write the weights, .npz or .safetensors")
    command.add_argument(
        "--certify",
        nargs="?",
        type=int,
        const=15,
        metavar="DIGITS",
        help="prove the loss to so many digits (15 without a number) and that it is a minimum, in ball arithmetic",
    )


def _candidates(commands) -> None:
    command = _command(commands, "candidates", "every catalogue geometry that fits a setting, optimised and ranked")
    command.add_argument("--breaking", action="store_true", help="also say how each unstable one breaks, and to what")


def _formula(commands) -> None:
    command = _command(
        commands, "formula", "symbolic loss of a geometry and its stationarity conditions", setting=False
    )
    command.add_argument("geometry", metavar="GEOMETRY", help="name of a geometry, such as pentagon or 2*digon")
    command.add_argument(
        "--importance",
        nargs="+",
        type=float,
        metavar="I",
        help="of each feature, in the order of the name (default: 1)",
    )
    command.add_argument(
        "--density",
        nargs="+",
        type=float,
        default=[0.1],
        metavar="P",
        help="the piece that holds at the optimum of this density, or of these, one for each feature (default: 0.1)",
    )
    command.add_argument("--pieces", action="store_true", help="also all other pieces, each with its range")
    command.add_argument(
        "--at-density",
        metavar="P",
        help="also the optimum at this density, such as 1/10 or 0.1, as algebraic numbers",
    )


def _boundary(commands) -> None:
    command = _command(commands, "boundary", "where the optimised losses of two geometries cross")
    command.add_argument("--between", nargs=2, required=True, metavar=("A", "B"), help="names of two geometries")
    command.add_argument("--over", required=True, metavar="AXIS", help="density, density[i], importance[i] or l1")
    command.add_argument("--from", dest="start", type=float, required=True, metavar="X", help="start of the range")
    command.add_argument("--to", dest="stop", type=float, required=True, metavar="Y", help="end of the range")
    command.add_argument("--digits", type=int, default=15, metavar="D", help="digits to prove (default: 15)")
    command.add_argument("--algebraic", action="store_true", help="also the polynomial of which it is a root")


def _stability(commands) -> None:
    command = _command(
        commands,
        "stability",
        "where a geometry stops being a local minimum of the full loss, with proved digits",
        setting=False,
    )
    command.add_argument("setting", metavar="SETTING", nargs="?", help="setting file (TOML)")
    command.add_argument("--geometry", metavar="NAME", help="name of a geometry")
    command.add_argument("--over", metavar="AXIS", default="density", help="density, density[i] or importance[i]")
    command.add_argument("--from", dest="start", type=float, metavar="X", help="start of the range")
    command.add_argument("--to", dest="stop", type=float, metavar="Y", help="end of the range")
    command.add_argument("--digits", type=int, default=15, metavar="D", help="digits to prove (default: 15)")
    command.add_argument(
        "--catalogue",
        nargs="?",
        type=int,
        const=8,
        metavar="VERTICES",
        help="instead: every catalogue entry of at most so many vertices (8 without a number), alone in its dimensions",
    )


def _phases(commands) -> None:
    command = _command(commands, "phases", "phase diagram with boundary curves; run again to resume")
    form = (
        "density, density[i], importance, importance[i] or importance[i]/importance[j], with its range: "
        "KEY:FROM:TO, KEY:FROM:TO:COUNT or KEY:FROM:TO:COUNT:SCALE, scale linear or log, as in "
        "density:0.01:0.99:100 (default: 100 cells; density 0.01 to 1 linear, importance 0.1 to 10 log)"
    )
    command.add_argument("--x", required=True, metavar="AXIS", help=form)
    command.add_argument("--y", required=True, metavar="AXIS", help="likewise")
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the numbers and the figure")
    command.add_argument("--starts", type=int, default=4, metavar="N", help="random starts at each cell (default: 4)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the starts (default: 0)")


def _table(commands) -> None:
    command = _command(
        commands,
        "table",
        "the table of factors: shown, checked, drawn, or computed anew (run again to resume)",
        setting=False,
    )
    command.add_argument("--check", action="store_true", help="evaluate every entry again by the exact loss")
    command.add_argument("--figure", metavar="FILE.svg", help="draw the table")
    command.add_argument("--out", metavar="DIR", help="compute a table in this folder")
    command.add_argument("--most-vertices", type=int, metavar="K", help="with --out: largest k (default: 12)")
    command.add_argument("--most-dimensions", type=int, metavar="D", help="with --out: largest d (default: 4)")
    command.add_argument("--densities", type=float, nargs="+", metavar="P", help="with --out: rising (default: 14)")
    command.add_argument("--starts", type=int, metavar="N", help="with --out: starts of each search (default: 128)")
    command.add_argument("--seed", type=int, metavar="S", help="with --out: seed of the starts (default: 0)")


def _mixture(commands) -> None:
    command = _command(commands, "mixture", "best orthogonal sum of small factors for any number of features")
    command.add_argument("--out", metavar="DIR", help="also draw dimensionality and hulls over density, here")
    command.add_argument(
        "--from", dest="start", type=float, default=0.005, metavar="P", help="with --out: first density"
    )
    command.add_argument("--to", dest="stop", type=float, default=0.9, metavar="P", help="with --out: last density")
    command.add_argument("--count", type=int, default=20, metavar="N", help="with --out: densities (default: 20)")


def _train(commands) -> None:
    command = _command(commands, "train", "train an ensemble and evaluate it by the exact loss")
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the trained ensemble")
    command.add_argument("--runs", type=int, metavar="N", help="models (default: 16)")
    command.add_argument("--seed", type=int, metavar="S", help="seed (default: 0)")
    command.add_argument("--steps", type=int, metavar="N", help="optimiser steps")
    command.add_argument("--batch-size", type=int, metavar="N", help="inputs per step and model")
    command.add_argument("--optimizer", metavar="NAME", help="adam or adamw")
    command.add_argument("--learning-rate", type=float, metavar="X", help="at the start")
    command.add_argument("--schedule", metavar="NAME", help="constant or cosine")
    command.add_argument("--device", metavar="NAME", help="auto, cpu, cuda or cuda:N (default: auto)")


def _identify(commands) -> None:
    command = _command(commands, "identify", "geometry of any weights", setting=False)
    _weights_options(command)
    command.add_argument(
        "--tolerance",
        type=float,
        metavar="X",
        help="cosines below it count as zero (default: from the gaps in the data)",
    )


def _diagnose(commands) -> None:
    command = _command(commands, "diagnose", "what each feature's loss is made of, and the share it has of the space")
    _weights_options(command)
    command.add_argument("--out", metavar="FILE", help="also draw it, .svg or .pdf (one model only)")


def _compare(commands) -> None:
    command = _command(commands, "compare", "learned weights against the prediction, with a report")
    _weights_options(command, required=False)
    command.add_argument("--runs", metavar="DIR", help="folder of a trained ensemble, instead of --weights")
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the report")
    command.add_argument("--starts", type=int, default=64, metavar="N", help="starts of the search (default: 64)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the search (default: 0)")


def _study(commands) -> None:
    command = _command(
        commands,
        "study",
        "theory over an axis, training, comparison and report in one; run again to resume",
        setting=False,
    )
    command.add_argument("plan", metavar="PLAN", help="plan file (TOML)")
    command.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the report and all intermediate results"
    )
