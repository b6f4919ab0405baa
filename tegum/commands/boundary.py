"""`tegum boundary`: where the optimised losses of two geometries cross."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer
from tegum.commands.inputs import setting_argument
from tegum.theory.setting import read_setting


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
    answer = {key: getattr(found, key) for key in keys}
    text = (
        f"{found.axis} = {found.decimal}\n"
        f"enclosed in     [{found.lower!r}, {found.upper!r}]\n"
        f"order           {found.order}\n"
        f"below / above   {found.below} / {found.above}"
    )
    if arguments.algebraic:
        from tegum.theory.formula.crossing import algebraic_boundary

        root = algebraic_boundary(setting, found)
        eliminated = None if root.eliminated is None else [str(a) for a in root.eliminated]
        answer["algebraic"] = {
            "eliminated": eliminated,
            "decimal": root.decimal,
            "system": list(root.system),
            "degree_bound": root.degree_bound,
        }
        shown = (
            "too large to eliminate; it solves" if eliminated is None else f"root of degree {len(eliminated) - 1}; of"
        )
        text += f"\nalgebraic       {shown} the system" + "".join(f"\n0 = {one}" for one in root.system)
    return answer, text
