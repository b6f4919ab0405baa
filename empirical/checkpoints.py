"""Checkpoints: where runs stand, kept now and then and when they are interrupted, to go on from there."""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from tegum.empirical.plan import Training
from tegum.empirical.snapshots import latest_snapshot, save_snapshot, snapshots_in
from tegum.empirical.underway import Underway
from tegum.theory.setting import Setting

#: Seconds between two checkpoints, all that a kill may cost; they take this share of the time at most.
_SECONDS, _SHARE = 10.0, 0.02


@dataclass
class Checkpoint:
    """The latest snapshot of some runs that train side by side, in a folder of its own.

    Attributes:
        folder: None keeps nothing.
    """

    folder: Path | None = None
    _next: float = field(default_factory=lambda: time.monotonic() + _SECONDS)

    def latest(self, setting: Setting, training: Training, most: int) -> Underway | None:
        """Where the runs stood, `most` at most; None where nothing, or nothing intact, is kept."""
        found = None if self.folder is None else latest_snapshot(self.folder, setting, training)
        return found if found is not None and 0 < len(found.steps) <= most else None

    def now_and_then(self, found: Underway) -> None:
        """Keep where the runs stand, if it is time."""
        if time.monotonic() > self._next:
            self.keep(found)

    def keep(self, found: Underway) -> None:
        """Keep where the runs stand; what was kept before goes when this is there."""
        if self.folder is None:
            return
        started = time.monotonic()
        path = save_snapshot(self.folder, found.step, found)
        for other in set(snapshots_in(self.folder)) - {path}:
            other.unlink()
        ended = time.monotonic()
        self._next = ended + max(_SECONDS, (ended - started) / _SHARE)


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of many runs, which train part after part.

    Attributes:
        folder: for nothing else; None keeps nothing.
    """

    folder: Path | None = None

    def of_part(self, first: int) -> Checkpoint:
        """The checkpoint of the part that begins with this run."""
        return Checkpoint(None if self.folder is None else self.folder / f"from-run-{first}")

    def remove(self) -> None:
        """Remove them all."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


NO_CHECKPOINTS = Checkpoints()
