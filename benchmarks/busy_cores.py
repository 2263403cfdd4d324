"""What a fit takes beside busy processes: the threads of XGBoost and LightGBM spin while they wait for each other.

Seconds of 60 rounds on 3000 rows of the library's own squared error and of `Huber(1.0)`, each in a process of its own,
with as many processes that compute beside it as there are cores: the median of the repeats, and the longest, since how
the operating system deals out the cores decides.

    python -m benchmarks.busy_cores [--library xgboost] [--repeats 7]
"""

import argparse
import os
import subprocess
import sys
from statistics import median

from joblib import cpu_count

LIBRARIES = ("xgboost", "lightgbm")
BUSY = "while True: pass"
FIT = """
import sys, time
import numpy as np
import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
library, ours, threads = LIBRARIES[sys.argv[1]], sys.argv[2] == "ours", int(sys.argv[3])
X = np.random.default_rng(0).normal(size=(3000, 10))
y = X[:, 0] + np.sin(3.0 * X[:, 1])
objective = bl.Huber(1.0) if ours else library.own_objectives["regression"][0]
parameters = library.parameters(objective) | {library.threads: threads} | dict(library.settings)
def fit(rounds):
    library.estimator("regression", own=not ours)(**parameters, **{library.rounds: rounds}).fit(X, y)
fit(1)
start = time.perf_counter()
fit(60)
print(time.perf_counter() - start)
"""
WAYS = {
    "all threads": (cpu_count(), "active"),
    "one thread": (1, "active"),
    "all threads, OMP_WAIT_POLICY=passive": (cpu_count(), "passive"),
}


def seconds(library: str, objective: str, threads: int, policy: str) -> float:
    """Of one fit; "active" leaves the variable unset."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": policy} if policy == "passive" else {}
    command = [sys.executable, "-c", FIT, library, objective, str(threads)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(run.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--library", choices=LIBRARIES, action="append")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    print(f"| library | objective | {' | '.join(WAYS)} |\n|---|---{'|---' * len(WAYS)}|")
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(cpu_count())]
    try:
        for library in options.library or LIBRARIES:
            for objective in ("own", "ours"):
                times = [
                    [seconds(library, objective, *way) for _ in range(options.repeats)]
                    for way in WAYS.values()
                ]
                figures = " | ".join(f"{median(each):.1f} ({max(each):.1f})" for each in times)
                print(f"| {library} | {objective} | {figures} |", flush=True)
    finally:
        for process in busy:
            process.kill()


if __name__ == "__main__":
    main()
