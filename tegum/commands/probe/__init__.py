"""`tegum probe`: what else a model with superposition does; one file for each probe."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module

from tegum.commands.answers import Answer

#: Each probe, a file of its name beside this one, and what it measures.
PROBES = {
    "autoencoder": "sparse autoencoders of hidden states: recovered directions, dead units",
    "adversarial": "vulnerability to small changes of the input, beside a model without superposition",
    "computation": "neurons of a ReLU hidden layer: how many features each works for, and their alignment",
    "steering": "one feature's direction added to the hidden state: what leaks into the other outputs, exactly",
    "penalty": "the L1 penalty at which the geometry changes, predicted and learned",
}


def options(command: ArgumentParser) -> None:
    probes = command.add_subparsers(dest="probe", required=True, metavar="NAME")
    for name, summary in PROBES.items():
        probes.add_parser(name, help=summary, description=summary)


def run(arguments: Namespace) -> Answer:
    return import_module(f"{__name__}.{arguments.probe}").run(arguments)
