"""Which settings the search takes, and by which loss."""

from __future__ import annotations

from tegum.theory.errors import InputError
from tegum.theory.loss.enumeration import MOST_FEATURES
from tegum.theory.loss.law import require_basic, structure_of
from tegum.theory.loss.objective import require_expandable
from tegum.theory.loss.states import MOST_STATES, state_count
from tegum.theory.setting import Setting

#: Features that the search takes: the loss of 64 models with so many still comes with its gradient in seconds.
MOST_SEARCHED = 64
#: Hidden units beyond which the Hessian of all weights would not fit; more than `count` of them change nothing.
MOST_HIDDEN = 2 * MOST_FEATURES
#: Parameters of one model that a search on samples takes: minutes.
MOST_SAMPLED = 1024


def is_sampled(setting: Setting) -> bool:
    """Whether the search goes by the loss over samples: a ReLU hidden layer whose states cannot be enumerated."""
    if setting.activation == "none":
        return False
    return (
        setting.l1 > 0 or setting.values != "binary" or state_count(structure_of(setting), setting.count) > MOST_STATES
    )


def require_optimum(setting: Setting) -> None:
    """Refuse a setting whose optimum is searched neither by the exact loss nor by samples.

    Raises:
        InputError: names what is too large or has no optimum.
    """
    if not is_sampled(setting):
        require_searchable(setting)
        return
    _require_minimum(setting)
    parameters = setting.count * ((1 if setting.tied else 2) * setting.hidden + setting.bias)
    if parameters > MOST_SAMPLED:
        raise InputError(
            f"count = {setting.count} and hidden = {setting.hidden} are {parameters} parameters; the search takes at "
            f"most {MOST_SAMPLED} with activation = 'relu' and values = {setting.values!r}"
        )


def require_searchable(setting: Setting) -> None:
    """Refuse a setting that is too large for the search, or has no exact route there.

    Raises:
        InputError: names the count, the width or what else is not supported.
    """
    if setting.count <= MOST_FEATURES:
        require_enumerable(setting)
        return
    require_basic(setting, f"the search beyond {MOST_FEATURES} features")
    if setting.count > MOST_SEARCHED:
        raise InputError(f"count = {setting.count} is not supported by the search; at most {MOST_SEARCHED}")
    _check_hidden(setting)


def require_enumerable(setting: Setting) -> None:
    """Refuse a setting whose Hessian would need more subsets than enumeration takes, or more memory than there is.

    Raises:
        InputError: names the count, the width or what else has no exact second-order route; or an L1 term on untied
            weights, under which W shrinks and W_out grows without end.
    """
    if setting.l1 and setting.activation == "relu":
        raise InputError("l1 > 0 with activation = 'relu' has no exact search here; use activation = 'none'")
    _require_minimum(setting)
    require_expandable(structure_of(setting), setting.count)
    if setting.count > MOST_FEATURES:
        raise InputError(f"count = {setting.count} is not supported here yet; at most {MOST_FEATURES}")
    _check_hidden(setting)


def _check_hidden(setting: Setting) -> None:
    if setting.hidden > MOST_HIDDEN:
        raise InputError(f"hidden = {setting.hidden} is not supported by the search yet; at most {MOST_HIDDEN}")


def _require_minimum(setting: Setting) -> None:
    if setting.l1 and not setting.tied:
        raise InputError("l1 > 0 with tied = false has no optimum: W can shrink as W_out grows; use tied = true")
