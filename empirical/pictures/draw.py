"""Drawing: every picture of a model, and of a training, with the words that go with it."""

from __future__ import annotations

from tegum.empirical.dynamics.course import Course
from tegum.empirical.pictures.activations import MOST_PANELS, activations_figure
from tegum.empirical.pictures.arrangement import arrangement_figure
from tegum.empirical.pictures.frames import strip_figure
from tegum.empirical.pictures.matrices import overlap_figure, weights_figure
from tegum.empirical.pictures.norms import norms_figure
from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import drawing
from tegum.empirical.pictures.subject import Subject
from tegum.empirical.pictures.trajectory import trajectory_figure


def model_pictures(one: Subject) -> list[Picture]:
    """Weights, overlaps, vectors, norms and activations of one model."""
    features, hidden = one.weights.W.shape[1], one.weights.W.shape[0]
    of = f"of {features} features in {hidden} dimensions ({one.identity.geometry})"
    order = "Features stand factor by factor."
    left_out = "" if features <= MOST_PANELS else f" Shown are {MOST_PANELS} of {features} features."
    with drawing():
        return [
            picture(weights_figure(one), "weights", f"Weights and biases {of}.", f"Weights and biases {of}. {order}"),
            picture(
                overlap_figure(one),
                "overlaps",
                f"Overlap matrix {of}.",
                f"Overlaps G = W_out W {of}, unchanged by any rotation. {order} A frame around each factor.",
            ),
            picture(
                arrangement_figure(one),
                "vectors",
                f"Feature vectors {of}.",
                f"Feature vectors {of}: a colour for each factor, empty rings for dropped features.",
            ),
            picture(
                norms_figure(one),
                "norms",
                f"Bars of the norms {of}.",
                f"Length of each feature's vector {of}; the colour says how strongly all others project on its "
                "direction: 0 where it has a dimension to itself.",
            ),
            picture(
                activations_figure(one),
                "activations",
                f"Outputs and hidden activations {of} with one feature on at a time.",
                "Each feature alone, from its least to its largest value: all outputs above, its own broad, and the "
                f"hidden units below.{left_out}",
            ),
        ]


def course_pictures(course: Course, run: int) -> list[Picture]:
    """The training of one run among the others: losses and dimensionality, and its vectors on the way."""
    jumps = len(course.itineraries[run].jumps)
    of = f"run {run}, which jumps {jumps} times between energy levels" if jumps != 1 else f"run {run}, which jumps once"
    with drawing():
        return [
            picture(
                trajectory_figure(course, run),
                "dynamics",
                f"Exact loss and dimensionality over the steps of {of}.",
                f"Exact loss of all runs, with the energy levels at which {of} stays: exact losses of the critical "
                "points next to its plateaus. Grey bands: where it falls fastest. Below, the dimensionality of each of "
                "its features.",
            ),
            picture(
                strip_figure(course, run),
                "strip",
                f"Feature vectors of {of} at the start, on each plateau, during each jump and at the end.",
                f"Feature vectors of {of} at the start, on each plateau, during each jump and at the end, with step "
                "and exact loss.",
            ),
        ]
