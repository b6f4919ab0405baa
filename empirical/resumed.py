"""Training into a folder: interrupted at any moment, the same call goes on where it was, to the same bits."""

from dataclasses import asdict
from pathlib import Path

from tegum.empirical.checkpoints import Checkpoints
from tegum.empirical.ensemble import Ensemble, holds_ensemble, load_ensemble, require_some, save_ensemble
from tegum.empirical.plan import Training
from tegum.empirical.sweep.folder import claimed
from tegum.empirical.training import Progress, resolved, train_runs
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import StrPath
from tegum.theory.files.tables import tables_id
from tegum.theory.setting import Setting, setting_tables

#: Of the folder of the checkpoints within the ensemble's; the digits are of the setting and the options.
_UNFINISHED = "unfinished-{}"
_OTHERS = "runs of another setting or other options; choose another folder or remove it"


def train_in(folder: StrPath, setting: Setting, training: Training, progress: Progress | None = None) -> Ensemble:
    """`train`, into a folder that keeps the ensemble, and until it is finished where its runs stand.

    Where they stand is kept every some seconds, and at an interruption (KeyboardInterrupt).

    Args:
        folder: made if it is missing; one that holds the ensemble already is read, and nothing is trained.

    Returns:
        The ensemble that the folder now holds, the same to the bit however often its training was interrupted.

    Raises:
        InputError: a folder with runs of another setting or other options, finished or not, one in which another
            command is at work, or that cannot be written to; or as `train`.
    """
    options = resolved(setting, training)
    with claimed(folder):
        ensemble = _held(folder, setting, options)
        if ensemble is None:
            checkpoints = Checkpoints(_unfinished(folder, setting, options))
            ensemble = train_runs([setting] * options.runs, range(options.runs), options, progress, checkpoints)
            if not ensemble.diverged.all():
                save_ensemble(folder, ensemble)
            checkpoints.remove()
    require_some(ensemble)
    return ensemble


def _held(folder: StrPath, setting: Setting, options: Training) -> Ensemble | None:
    """The finished ensemble in a folder; one that is damaged is none."""
    if not holds_ensemble(folder):
        return None
    try:
        found = load_ensemble(folder)
    except InputError:
        return None
    if set(found.settings) != {setting} or found.options != options:
        raise InputError(f"holds {_OTHERS}")
    return found


def _unfinished(folder: StrPath, setting: Setting, options: Training) -> Path:
    """Where the checkpoints are kept, in a folder that holds no others."""
    ours = Path(folder) / _UNFINISHED.format(
        tables_id({"setting": setting_tables(setting), "options": asdict(options)})
    )
    if set(Path(folder).glob(_UNFINISHED.format("?" * 16))) - {ours}:
        raise InputError(
            "holds unfinished runs of another setting or other options; choose another folder or remove it"
        )
    return ours
