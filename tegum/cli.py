"""The command line: every command of the toolkit, each with ``--json``.

Only the parser is built here; a command imports what it needs when it runs, so that ``--help`` answers at once.
Exit status: 0 done, 1 a check failed, 2 bad input (one line on standard error), 130 interrupted.
"""

from __future__ import annotations

import json
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
    try:
        arguments = _parser().parse_args(argv)
        return _run(arguments)
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
    print(json.dumps(answer, allow_nan=False) if arguments.json else text)
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
    for add in (_loss, _optimum, _candidates, _formula, _boundary, _train, _identify, _compare, _study):
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
    command.add_argument("--method", default="auto", help="auto, enumeration or transform (default: auto)")


def _optimum(commands) -> None:
    command = _command(commands, "optimum", "best weights of a setting by a global search")
    command.add_argument("--starts", type=int, default=64, metavar="N", help="random starts (default: 64)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the starts (default: 0)")
    command.add_argument("--out", metavar="FILE", help="also write the weights, .npz or .safetensors")


def _candidates(commands) -> None:
    _command(commands, "candidates", "every catalogue geometry that fits a setting, optimised and ranked")


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
        type=float,
        default=0.1,
        metavar="P",
        help="the piece that holds at this density's optimum (default: 0.1)",
    )


def _boundary(commands) -> None:
    command = _command(commands, "boundary", "where the optimised losses of two geometries cross")
    command.add_argument("--between", nargs=2, required=True, metavar=("A", "B"), help="names of two geometries")
    command.add_argument("--over", required=True, metavar="AXIS", help="density, density[i] or importance[i]")
    command.add_argument("--from", dest="start", type=float, required=True, metavar="X", help="start of the range")
    command.add_argument("--to", dest="stop", type=float, required=True, metavar="Y", help="end of the range")
    command.add_argument("--digits", type=int, default=15, metavar="D", help="digits to prove (default: 15)")


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
