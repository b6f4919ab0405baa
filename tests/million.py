"""A million runs, killed ten times at random moments, against the undisturbed sweep: `make million`.

The driver and its workers are killed in turn by SIGKILL. At the end every file of the two folders is compared, and the
record says what was killed when, how fast both went, and the digest of all results.
"""

import argparse
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from random import Random

PLAN = """# Two features in one dimension at a thousand densities: the million-run sweep of `make million`.
features.count = 2
model.hidden = 1
axes.density = {{ from = 0.001, to = 1.0, count = 1000 }}
training = {{ runs = {runs}, steps = {steps}, batch_size = 16, learning_rate = 0.03, device = "cpu" }}
"""
KILLS = 10


def seals(out: Path) -> int:
    return len(list(out.glob("shards/*-*.json")))


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def start(plan: Path, out: Path, workers: int) -> subprocess.Popen:
    options = ("--out", str(out), "--executor", "processes", "--workers", str(workers))
    command = (sys.executable, "-m", "tegum", "sweep", str(plan), *options, "--json")
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def finished(process: subprocess.Popen) -> dict:
    answer = json.loads(process.communicate()[0])
    assert process.returncode == 0
    return answer


def disturbed(plan: Path, out: Path, workers: int, shards: int, random: Random) -> list[dict]:
    """Kill at ten random moments, the driver and a worker in turn, and finish; what was killed at how many shards."""
    kills: list[dict] = []
    process = start(plan, out, workers)
    for at in sorted(random.sample(range(1, shards - workers), KILLS)):
        while seals(out) < at:
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(random.random() * 0.2)
        victim = "driver" if len(kills) % 2 == 0 else "worker"
        target = process.pid if victim == "driver" else random.choice(workers_of(process.pid))
        os.kill(target, signal.SIGKILL)
        kills.append({"killed": victim, "shards_done": seals(out)})
        if victim == "driver":
            process.communicate()
            process = start(plan, out, workers)
    finished(process)
    return kills


def workers_of(driver: int) -> list[int]:
    """The children that are spawned workers; a resource tracker is none."""
    found: list[int] = []
    while not found:
        commands = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children(driver)}
        found = [child for child, command in commands.items() if b"spawn_main" in command]
        time.sleep(0.01)
    return found


def digests(out: Path) -> dict[str, str]:
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--runs", type=int, default=1000, help="at each of 1000 densities")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True)
    plan = given.out / "plan.toml"
    plan.write_text(PLAN.format(runs=given.runs, steps=given.steps))

    began = time.monotonic()
    answer = finished(start(plan, given.out / "undisturbed", given.workers))
    undisturbed_seconds = time.monotonic() - began
    wanted = digests(given.out / "undisturbed")
    shards = seals(given.out / "undisturbed")

    began = time.monotonic()
    kills = disturbed(plan, given.out / "disturbed", given.workers, shards, Random(4))
    disturbed_seconds = time.monotonic() - began
    found = digests(given.out / "disturbed")
    differing = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))

    record = {
        "runs": answer["total"],
        "steps": given.steps,
        "shards": shards,
        "kills": kills,
        "files": len(wanted),
        "differing": differing,
        "digest": hashlib.sha256(json.dumps(wanted).encode()).hexdigest(),
        "seconds": {"undisturbed": round(undisturbed_seconds, 1), "disturbed": round(disturbed_seconds, 1)},
        "workers": given.workers,
        "processor": platform.machine(),
        "versions": {package: version(package) for package in ("tegum", "torch", "numpy")},
    }
    print(json.dumps(record, indent=1))
    if given.record:
        given.record.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
