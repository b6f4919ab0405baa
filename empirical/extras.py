"""Libraries that only some users need: imported when needed, and asked for by the command that installs them."""

from importlib import import_module
from typing import Any

from tegum.theory.errors import InputError


def needed(module: str, extra: str, what: str) -> Any:
    """The module, for `what`, from the optional dependencies `extra`.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(f'{what} needs {error.name}, which is not installed: pip install "tegum[{extra}]"') from error
