"""`tegum boundary`: where the optimised losses of two geometries cross."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from tegum.commands.answers import Answer, Progress
from tegum.commands.inputs import setting_argument
from tegum.theory.setting import Setting, read_setting

if TYPE_CHECKING:
    from tegum.theory.formula.crossing import AlgebraicBoundary
    from tegum.theory.phases import Boundary


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument("--between", nargs=2, required=True, metavar=("A", "B"), help="names of two geometries")
    command.add_argument("--over", required=True, metavar="AXIS", help="density, density[i], importance[i] or l1")
    command.add_argument("--from", dest="start", type=float, required=True, metavar="X", help="start of the range")
    command.add_argument("--to", dest="stop", type=float, required=True, metavar="Y", help="end of the range")
    command.add_argument("--digits", type=int, default=15, metavar="D", help="digits to prove (default: 15)")
    command.add_argument("--algebraic", action="store_true", help="also the polynomial of which it is a root")


def run(arguments: Namespace) -> Answer:
    from tegum.theory.phases import boundary as crossing

    setting = read_setting(arguments.setting)
    found = crossing(
        setting,
        tuple(arguments.between),
        arguments.over,
        arguments.start,
        arguments.stop,
        arguments.digits,
    )
    keys = ("value", "lower", "upper", "order", "decimal", "digits", "below", "above")
    answer: dict[str, Any] = {key: getattr(found, key) for key in keys}
    text = (
        f"{found.axis} = {found.decimal}\n"
        f"enclosed in     [{found.lower!r}, {found.upper!r}]\n"
        f"order           {found.order}\n"
        f"below / above   {found.below} / {found.above}"
    )
    if arguments.algebraic:
        text += _add_algebraic(answer, setting, found)
    return answer, text


def _add_algebraic(answer: dict[str, Any], setting: Setting, found: Boundary) -> str:
    from flint import fmpz  # prints integers of any length, as Python's own do not

    from tegum.theory.formula.crossing import algebraic_boundary

    with Progress() as progress:
        root = algebraic_boundary(setting, found, progress)
    eliminated = None if root.eliminated is None else [str(fmpz(a)) for a in root.eliminated]
    answer["algebraic"] = {
        "eliminated": eliminated,
        "irreducible": root.irreducible,
        "decimal": root.decimal,
        "system": list(root.system),
        "degree_bound": root.degree_bound,
    }
    shown = "too large to eliminate; it solves" if root.eliminated is None else f"{_polynomial(root)}; of"
    return f"\nalgebraic       {shown} the system" + "".join(f"\n0 = {one}" for one in root.system)


def _polynomial(root: AlgebraicBoundary) -> str:
    """A polynomial by what fits on a line."""
    assert root.eliminated is not None
    kind = "an irreducible" if root.irreducible else "a (not proved irreducible)"
    bits = max(abs(a) for a in root.eliminated).bit_length()
    lead = str(Decimal(root.eliminated[-1]).normalize(Context(prec=6)))
    return (
        f"{root.decimal}\n"
        f"                a root of {kind} polynomial of degree {len(root.eliminated) - 1} with integer coefficients\n"
        f"                of up to {bits} bits, the leading one {lead} (--json has them all)"
    )
