"""The command line: every command of the toolkit, each with ``--json``.

A command's file is loaded when that command is given, so that ``--help`` answers at once.
Exit status: 0 done, 1 a check failed, 2 bad input (one line on standard error), 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from tegum.theory.errors import InputError

_EXAMPLES = """examples:
  tegum optimum examples/five-in-two.toml
  tegum boundary examples/five-in-two.toml --between pentagon "2*digon + dropped" --over density --from 0.1 --to 0.4
  tegum compare examples/five-in-two.toml --weights my-weights.npz --out out/mine
  tegum study plans/five-in-two.toml --out out/report
"""


#: Each command, a file of its name in tegum/commands, and what it does.
COMMANDS = {
    "loss": "exact population loss of given weights",
    "optimum": "best weights of a setting by a global search",
    "candidates": "every catalogue geometry that fits a setting, optimised and ranked",
    "formula": "symbolic loss of a geometry and its stationarity conditions",
    "boundary": "where the optimised losses of two geometries cross",
    "stability": "where a geometry stops being a local minimum of the full loss, with proved digits",
    "phases": "phase diagram with boundary curves; run again to resume",
    "table": "the table of factors: shown, checked, drawn, or computed anew (run again to resume)",
    "mixture": "best orthogonal sum of small factors for any number of features",
    "train": "train an ensemble and evaluate it by the exact loss; run again to resume",
    "sweep": "train a grid of settings and seeds; run again to resume",
    "dynamics": "train with snapshots: levels, jumps and geometry along the way; run again to resume",
    "identify": "geometry of any weights",
    "dictionary": "overlaps of a dictionary of tens of thousands of features: statistics, graph, component classes",
    "atlas": "geometries that no catalogue names: listed, shown, checked, entered, merged",
    "draw": "pictures of any weights or runs: matrices, vectors, norms, activations, training",
    "diagnose": "what each feature's loss is made of, and the share it has of the space",
    "probe": "what else a model does: autoencoder, adversarial, computation, steering, penalty",
    "compare": "learned weights against the prediction, with a report",
    "derive": "learned weights to a certified critical point: symmetries, formula, proof, verdict",
    "study": "theory over an axis, training, comparison and report in one; run again to resume",
    "explore": "one offline page with sliders: exact losses, the winning arrangement, learned runs",
    "verify": "recompute every number of a report from its JSON; exit status 1 if one differs",
    "reproduce": "the literature's claims, each recomputed and given a verdict",
}


#: Of the commands that an interruption does not set back, the option that names where they keep what is finished.
KEPT = {
    "phases": "out",
    "table": "out",
    "train": "out",
    "sweep": "out",
    "dynamics": "out",
    "study": "out",
    "reproduce": "out",
    "atlas": "build",
}


class _Parser(ArgumentParser):
    """Bad arguments end as all bad input does: one line on standard error, exit status 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


class _CommandParser(_Parser):
    """The parser of one command; it asks the command's file for the options when it is first used."""

    def parse_known_args(self, args=None, namespace=None):
        _module(".".join(self.prog.split()[1:])).options(self)
        if self._subparsers is None:  # else --json belongs to the command below
            self.add_argument("--json", action="store_true", help="print one JSON object on standard output")
        return super().parse_known_args(args, namespace)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    # The theory works on many small matrices side by side; a linear algebra library that splits each over threads of
    # its own makes that many times slower.  Read when NumPy is loaded, which is later; what the user set stays.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = Namespace(command=None)
    try:
        _parser().parse_args(argv, arguments)
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
        print(f"tegum: interrupted; {_left(arguments)}", file=sys.stderr)
        return 130


def _left(arguments: Namespace) -> str:
    """What an interrupted command leaves behind, and how to go on."""
    folder = getattr(arguments, KEPT.get(arguments.command, ""), None)
    if folder is None:
        return "it begins anew when it is run again"
    return f"what was finished is kept in {folder}, and the same command goes on from there"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _run(arguments: Namespace) -> int:
    answer, text, *status = _module(arguments.command).run(arguments)
    print(json.dumps(answer, allow_nan=False) if arguments.json else text, flush=True)
    return status[0] if status else 0


def _module(command: str) -> Any:
    return import_module(f"tegum.commands.{command}")


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="tegum",
        description="Exact losses, optima and phase boundaries of toy models of superposition, and their comparison\n"
        "with what training learns.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_CommandParser)
    for name, summary in COMMANDS.items():
        commands.add_parser(name, help=summary, description=summary)
    return parser


class _ShowVersion(Action):
    """Looks the version up only when it is asked for: the package's metadata costs more than building the parser."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"tegum {version('tegum')}")
        parser.exit()
