"""`tegum formula`: symbolic loss of a geometry and its stationarity conditions."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from fractions import Fraction
from typing import Any

from tegum.commands.answers import Answer, algebraic, aligned
from tegum.theory.errors import InputError


def options(command: ArgumentParser) -> None:
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


def run(arguments: Namespace) -> Answer:
    from sympy import latex

    from tegum.theory.formula import formula as derived
    from tegum.theory.formula import formula_pieces

    exact = None if arguments.at_density is None else _fraction("--at-density", arguments.at_density)
    density = arguments.density if exact is None else [float(exact)]
    choice = density[0] if len(density) == 1 else density
    found = derived(arguments.geometry, arguments.importance, choice)
    answer: dict[str, Any] = {
        "geometry": found.geometry,
        "loss_latex": latex(found.loss),
        "loss_sympy": str(found.loss),
        "valid_when": [str(condition) for condition in found.valid_when],
        "stationarity": [str(expression) for expression in found.stationarity],
        "reduced": [_reduced(one) for one in found.reduced],
    }
    text = (
        f"loss of {found.geometry}:\n{found.loss}\nvalid when {', '.join(answer['valid_when']) or 'always'}\n"
        + "\n".join(f"0 = {expression}" for expression in answer["stationarity"])
    )
    for one in answer["reduced"]:
        low, high = one["interval"]
        text += f"\nthe norm eliminated, {low} <= {one['ratio']} <= {high}:\n0 = {one['stationarity']}"
    if arguments.pieces:
        pieces = formula_pieces(arguments.geometry, arguments.importance, choice)
        answer["pieces"] = [[_piece(one) for one in group] for group in pieces]
        for group in answer["pieces"]:
            text += "\npieces:" + "".join(f"\n{' and '.join(one['valid_when'])}: {one['loss']}" for one in group)
    if exact is not None:
        text += _add_optimum(answer, arguments, exact)
    return answer, text


def _fraction(option: str, text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{option} {text!r} is no number such as 1/10 or 0.1") from error


def _reduced(one: Any) -> dict[str, Any]:
    keys = ("ratio", "stationarity", "norm", "loss")
    return {key: str(getattr(one, key)) for key in keys} | {"interval": [str(end) for end in one.interval]}


def _piece(one: Any) -> dict[str, Any]:
    return {"loss": str(one.loss), "valid_when": [str(condition) for condition in one.valid_when]}


def _add_optimum(answer: dict[str, Any], arguments: Namespace, density: Fraction) -> str:
    from tegum.theory.formula.optimum import algebraic_optimum

    found = algebraic_optimum(arguments.geometry, density, arguments.importance)
    keys = ("ratio", "norm", "bias", "loss")
    answer["optimum"] = {
        "density": str(density),
        "loss": algebraic(found.loss),
        "decimal": found.decimal,
        "factors": [
            {"factor": one.factor, "copies": one.copies} | {key: algebraic(getattr(one, key)) for key in keys}
            for one in found.factors
        ],
    }
    rows = [("factor", "number", "digits", "degree")]
    for one in found.factors:
        for key in keys:
            number = getattr(one, key)
            if number is not None:
                rows.append((one.factor, key, number.decimal, str(len(number.polynomial) - 1)))
    return f"\noptimum at density {density}: loss {found.decimal}\n{aligned(rows)}"
