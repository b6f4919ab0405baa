"""Shards: the runs of a plan in their order, cut into pieces that are found by arithmetic."""

from dataclasses import dataclass
from functools import cached_property

from tegum.empirical.plan import Plan, Training, cell, cell_count, plan_id
from tegum.theory.checks import whole
from tegum.theory.errors import InputError
from tegum.theory.files.tables import tables_id
from tegum.theory.setting import Setting

#: A folder lists each shard; a larger sweep needs larger shards.
MOST_SHARDS = 10**5
MOST_RUNS = 10**6  # of a shard
#: Numbers that the inputs of a shard hold, all steps together: some seconds of work, all that a kill may cost.
_NUMBERS = 2**29
_USUAL_RUNS = 4096  # of a shard whose runs are short: enough to pay for its files and to fill a GPU


@dataclass(frozen=True)
class Sweep:
    """A plan and the number of runs in a shard of it.

    Run r of the sweep is run r mod N of cell r div N, N = plan.training.runs; shard k holds the runs from k·size on.

    Raises:
        InputError: a size outside [1, `MOST_RUNS`], or one that makes more than `MOST_SHARDS` shards.
    """

    plan: Plan
    size: int

    def __post_init__(self) -> None:
        whole("runs_per_shard", self.size, 1, MOST_RUNS)
        if self.shards > MOST_SHARDS:
            raise InputError(
                f"{self.total} runs in shards of {self.size} make {self.shards} shards; allowed are {MOST_SHARDS}:"
                f" take at least {-(-self.total // MOST_SHARDS)} runs per shard"
            )

    @property
    def total(self) -> int:
        """Number of runs."""
        return cell_count(self.plan) * self.plan.training.runs

    @property
    def shards(self) -> int:
        """Number of shards; the last may be smaller than the others."""
        return -(-self.total // self.size)

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits: equal ids, equal runs in equal shards."""
        return tables_id({"plan": plan_id(self.plan), "runs_per_shard": self.size})


@dataclass(frozen=True)
class Shard:
    """Consecutive runs of a sweep, with all that their training needs.

    Args:
        index: its number in the sweep.
        settings: of each run.
        runs: index of each run among those of its setting.
        training: how they are trained.
    """

    index: int
    settings: tuple[Setting, ...]
    runs: tuple[int, ...]
    training: Training


def sweep_of(plan: Plan, size: int | None = None) -> Sweep:
    """The plan cut into shards of `size` runs; unless given, of some seconds of work each."""
    work = plan.training.steps * plan.training.batch_size * plan.setting.count
    usual = max(1, min(_USUAL_RUNS, _NUMBERS // work))
    return Sweep(plan, usual if size is None else size)


def runs_of(sweep: Sweep, index: int) -> range:
    """The numbers of a shard's runs in the sweep."""
    return range(index * sweep.size, min((index + 1) * sweep.size, sweep.total))


def shard(sweep: Sweep, index: int) -> Shard:
    """The shard of this index; no other cell than its own is made."""
    training = sweep.plan.training
    places = [divmod(run, training.runs) for run in runs_of(sweep, index)]
    settings = {place: cell(sweep.plan, place) for place in dict.fromkeys(place for place, _ in places)}
    return Shard(index, tuple(settings[place] for place, _ in places), tuple(run for _, run in places), training)
