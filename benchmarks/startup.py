"""What a fresh process spends before the first gradient: without stored code, and with it.

Milliseconds; NumPy is imported before the clock starts, numba only where code must be compiled.

    python -m benchmarks.startup [--repeats 5]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

LOSSES = ["Huber(1.0)", "LogCosh(1.0)", "Barron(alpha=0.0, scale=1.0)", "Quantile(0.9)", "Focal()"]
FIRST_USE = """
import json, sys, time
import numpy as np
y = np.ones(1000, np.float32)
start = time.perf_counter()
import boostloss
imported = time.perf_counter()
loss = boostloss.from_string(sys.argv[1])
loss(y, 0 * y)
loss.mean_loss(y, 0 * y)
done = time.perf_counter()
print(json.dumps([1e3 * (imported - start), 1e3 * (done - imported)]))
"""


def first_use(loss: str, cache: str) -> tuple[float, float]:
    """Milliseconds of the import, and of the first objective and metric, in a process of its own."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", FIRST_USE, loss]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported, used = json.loads(run.stdout)
    return imported, used


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{'loss':28s} {'compiling':>10s} {'stored':>8s} {'import':>8s}")
    for loss in LOSSES:
        with tempfile.TemporaryDirectory() as cache:
            _, compiling = first_use(loss, cache)
            warm = [first_use(loss, cache) for _ in range(options.repeats)]
        imported, stored = (min(column) for column in zip(*warm, strict=True))
        print(f"{loss:28s} {compiling:10.0f} {stored:8.1f} {imported:8.1f}")


if __name__ == "__main__":
    main()
