"""`tegum dynamics`: train with snapshots: levels, jumps and geometry along the way; run again to resume."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from tegum.commands.answers import DIVERGED, Answer, Progress, aligned, nullable
from tegum.commands.inputs import setting_argument, training_arguments, training_given
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder, write_atomically
from tegum.theory.setting import read_setting


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the snapshots and the pictures")
    command.add_argument(
        "--snapshots",
        default="linear:100",
        metavar="SCHEDULE",
        help="linear:COUNT, log:COUNT or a list of steps such as 0,10,100 (default: linear:100)",
    )
    command.add_argument(
        "--show", type=int, metavar="RUN", help="run told in the pictures (default: the one with most jumps)"
    )
    training_arguments(command, stops=False)


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.dynamics.course import course
    from tegum.empirical.dynamics.recording import record
    from tegum.empirical.dynamics.schedule import snapshot_steps
    from tegum.empirical.plan import Training

    setting = read_setting(arguments.setting)
    training = Training(**training_given(arguments))
    if arguments.show is not None and not 0 <= arguments.show < training.runs:
        raise InputError(f"--show {arguments.show} is outside [0, {training.runs - 1}]")
    steps = snapshot_steps(arguments.snapshots, training.steps)
    claim_folder(arguments.out)
    with Progress() as progress:
        history = record(setting, training, steps, arguments.out, lambda done, total: progress("training", done, total))
        found = course(history, lambda done, total: progress("exact losses", done, total))
    if arguments.show is not None and history.diverged[arguments.show]:
        raise InputError(f"--show {arguments.show}: this run diverged; choose another")
    shown, pictures = write_course(found, arguments.show, arguments.out)
    answer = {
        "steps": list(steps),
        "loss": nullable(found.loss),
        "error": nullable(found.error),
        "method": found.method,
        "gradient_norm": nullable(found.gradient_norm),
        "dimensionality": nullable(found.dimensionality),
        "diverged": history.diverged.tolist(),
        "taken": history.taken[-1].tolist(),
        "itineraries": [_itinerary(one, steps) for one in found.itineraries],
        "shown": shown,
        "pictures": pictures,
    }
    rows = [("run", "loss", "noise", "stays (steps, level) and jumps (step, least fall)")]
    for run, one in enumerate(answer["itineraries"]):
        if history.diverged[run]:
            rows.append((str(run), "", "", f"{DIVERGED} at step {history.taken[-1, run] + 1}"))
        else:
            rows.append((str(run), f"{found.loss[-1, run]:.9g}", f"{one['noise']:.1e}", _told(one)))
    return answer, aligned(rows) + "\n" + "\n".join(pictures)


def write_course(found: Any, run: int | None, folder: str) -> tuple[int, list[str]]:
    """Draw a course and write its pictures and its animation; the run that they show, and where they are."""
    from tegum.empirical.pictures.draw import course_pictures
    from tegum.empirical.pictures.frames import animation
    from tegum.empirical.pictures.picture import write_pictures
    from tegum.empirical.pictures.style import drawing
    from tegum.empirical.pictures.trajectory import shown_run

    shown = shown_run(found) if run is None else run
    written = write_pictures(folder, course_pictures(found, shown))
    with drawing():
        moving = animation(found, shown)
    written.append(Path(folder) / "dynamics.gif")
    write_atomically(written[-1], moving)
    return shown, [str(path) for path in written]


def _itinerary(one: Any, steps: tuple[int, ...]) -> dict[str, Any]:
    return {
        "noise": one.noise,
        "stays": [
            {
                "first": steps[stay.plateau.first],
                "last": steps[stay.plateau.last],
                "step": steps[stay.snapshot],
                "loss": stay.loss,
                "geometry": stay.geometry,
                "level": None if stay.level is None else _level(stay.level),
            }
            for stay in one.stays
        ],
        "jumps": [
            {
                "first": steps[jump.first],
                "last": steps[jump.last],
                "steepest": [steps[place] for place in jump.steepest],
                "least": jump.least,
            }
            for jump in one.jumps
        ],
    }


def _level(level: Any) -> dict[str, Any]:
    keys = ("geometry", "loss", "error", "gradient_norm", "least_curvature", "moved")
    return {key: getattr(level, key) for key in keys}


def _told(one: dict[str, Any]) -> str:
    """`[30-100] digon 0.2222 (saddle), 120: -0.083, [200-900] pentagon 0.0618`."""
    stays = []
    for stay in one["stays"]:
        level = stay["level"] or stay
        saddle = " (saddle)" if level.get("least_curvature", 0.0) < 0 else ""
        stays.append(f"[{stay['first']}-{stay['last']}] {level['geometry']} {level['loss']:.6g}{saddle}")
    jumps = [f"{sum(jump['steepest']) // 2}: -{jump['least']:.2g}" for jump in one["jumps"]]
    return (
        ", ".join(part for pair in zip(stays, [*jumps, ""], strict=True) for part in pair if part) if stays else "none"
    )
