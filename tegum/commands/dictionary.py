"""`tegum dictionary`: overlaps of a dictionary of tens of thousands of features."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from tegum.commands.answers import Answer, Progress, aligned, command_line
from tegum.theory.errors import located
from tegum.theory.files.atomic import claim_folder
from tegum.theory.files.dictionaries import DICTIONARIES, read_dictionary

#: Classes that the text lists; the JSON has all.
_SHOWN = 15


def options(command: ArgumentParser) -> None:
    layouts = "; ".join(f"{name}: {' or '.join(map(str, arrays))}" for name, arrays in DICTIONARIES.items())
    command.add_argument(
        "--weights", metavar="FILE", required=True, help=".npz, .safetensors or a PyTorch state_dict; one array is read"
    )
    command.add_argument("--layout", metavar="NAME", help=f"what the array is called, and its axes. {layouts}")
    command.add_argument(
        "--key", metavar="ARRAY", help="another name of the array; without --layout its axes are [feature, hidden]"
    )
    cut = command.add_mutually_exclusive_group()
    cut.add_argument(
        "--threshold",
        metavar="X",
        default="random",
        help="edges are pairs of |cosine| above X; random (default): where as many random directions would have one "
        "edge on average; components: where, above that, most components have at least two features",
    )
    cut.add_argument("--edges", type=int, metavar="N", help="the smallest threshold that leaves at most N edges")
    command.add_argument("--out", metavar="DIR", help="folder for the numbers, the graph and the picture")


def run(arguments: Namespace) -> Answer:
    from tegum.compare.dictionary.data import survey_data
    from tegum.compare.dictionary.files import write_survey
    from tegum.compare.dictionary.survey import survey

    if arguments.out:
        claim_folder(arguments.out)
    dictionary = read_dictionary(arguments.weights, arguments.layout, arguments.key)
    with located(arguments.weights), Progress() as progress:
        found = survey(dictionary.vectors, _threshold(arguments.threshold), arguments.edges, progress)
    source = {"weights": arguments.weights, "layout": arguments.layout, "key": dictionary.key}
    answer = survey_data(found, source, command_line())
    text = _described(answer)
    if arguments.out:
        report = write_survey(arguments.out, found, answer)
        answer["report"], text = str(report), f"{text}\nreport: {report}"
    return answer, text


def _threshold(given: str) -> float | str:
    try:
        return float(given)
    except ValueError:
        return given


def _described(answer: dict[str, Any]) -> str:
    return "\n\n".join([_summary(answer), _edge_rows(answer), _class_rows(answer)])


def _summary(answer: dict[str, Any]) -> str:
    cosines, cut, parts = answer["cosines"], answer["threshold"], answer["components"]
    random, off = cosines["random"], cosines["standard_error"]
    rows = [
        ("features", f"{answer['features']} in {answer['hidden']} dimensions, {answer['dropped']} of length 0"),
        ("lengths", _spread(answer["norms"])),
        ("dimensions per feature", f"{answer['dimensions_per_feature']:.6g}"),
        ("dimensionality", _spread(answer["dimensionality"])),
        ("cosines", f"{cosines['pairs']} pairs, each within {cosines['error']:.1e}"),
        ("  mean", f"{cosines['mean']:.6g} (random: 0 ± {off['mean']:.1e})"),
        ("  variance", f"{cosines['variance']:.6g} (random: {random['variance']:.6g} ± {off['variance']:.1e})"),
        ("  excess kurtosis", f"{_number(cosines['excess'])} (random: {random['excess']:.6g})"),
        ("  effective dimensions", f"{cosines['effective_dimensions']:.6g}"),
        ("largest |cosine|", f"{answer['coherence']:.6g} (Welch's bound: {answer['welch']:.6g})"),
        ("nearest |cosine|", _spread(answer["nearest"])),
        ("threshold", f"{cut['value']:.6g}: {cut['principle']}"),
        ("edges", f"{cut['positive']} positive, {cut['negative']} negative (random: {cut['random']:.3g})"),
        ("  undecided", f"{cut['undecided']} pairs closer to the threshold than their error"),
        ("components", f"{parts['connected']} of at least 2 features, the largest of {parts['largest']}"),
        ("  alone", f"{parts['isolated']} features without an edge"),
    ]
    return aligned(rows)


def _spread(quantiles: dict[str, float]) -> str:
    return f"{quantiles['0']:.4g} to {quantiles['1']:.4g}, median {quantiles['0.5']:.4g}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _edge_rows(answer: dict[str, Any]) -> str:
    rows = [("|cosine| at least", "positive", "negative", "random")]
    for one in answer["edges_above"][::2]:
        rows.append((f"{one['threshold']:g}", str(one["positive"]), str(one["negative"]), f"{one['random']:.3g}"))
    return aligned(rows)


def _class_rows(answer: dict[str, Any]) -> str:
    classes = answer["classes"]
    rows = [("components", "features", "+", "-", "|cosine|", "name", "")]
    for one in classes[:_SHOWN]:
        sizes = one["vertices"], one["positive"], one["negative"]
        spread = f"{one['weakest']:.3f} to {one['strongest']:.3f}"
        note = "" if one["isomorphic"] else "not distinguished by colour refinement"
        rows.append((str(one["count"]), *map(str, sizes), spread, one["name"], note))
    more = f"\nand {len(classes) - _SHOWN} more kinds" if len(classes) > _SHOWN else ""
    return aligned(rows) + more
