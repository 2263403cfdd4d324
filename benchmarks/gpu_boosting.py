"""Milliseconds per boosting round on a GPU: losses of ours beside the library's own objective.

XGBoost hands an objective raw predictions in the memory of the CPU. "on the CPU" is `xgboost.train`, whose gradients
are computed there; "on the GPU" keeps raw predictions and gradients on the GPU, round by round, as docs/gpu.md shows,
and needs CuPy. CatBoost computes them on the GPU always. What training costs beside its rounds, the time of a single
one, is taken off; the best of several repeats counts.

    python -m benchmarks.gpu_boosting [--rows 1000000] [--columns 20] [--rounds 30] [--repeats 3] [--library xgboost]
                                      [--device cuda]
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from numba import cuda

import boostloss as bl

LOSSES = [bl.SquaredError(), bl.Huber(1.0), bl.LogCosh(1.0), bl.Quantile(0.9), bl.Cauchy(1.0)]
Run = Callable[[int], object]


def xgboost_runs(X: Any, y: Any, device: str) -> Iterator[tuple[str, Run]]:
    import xgboost as xgb

    parameters = {"max_depth": 6, "base_score": 0.0, "device": device}
    to_device = array_maker(device)
    data = xgb.QuantileDMatrix(X, y)
    yield "own", lambda rounds: xgb.train(parameters, data, rounds)
    for loss in LOSSES:

        def on_cpu(rounds: int, loss: bl.Loss = loss) -> object:
            return xgb.train(parameters, data, rounds, obj=loss)

        yield f"{loss!r}, on the CPU", on_cpu
    if to_device is None:
        print("CuPy is not installed: no gradients on the GPU in XGBoost.")
        return
    X, y = to_device(X), to_device(y)
    for loss in LOSSES:

        def on_gpu(rounds: int, loss: bl.Loss = loss) -> object:
            booster, raw = xgb.Booster(parameters, [data]), 0.0 * y
            for i in range(rounds):
                gradient, hessian = loss(y, raw)
                booster.boost(data, i, grad=gradient, hess=hessian)
                raw = booster.inplace_predict(
                    X, iteration_range=(i, i + 1), predict_type="margin", base_margin=raw
                )
            return float(raw[0])  # waits for the GPU

        yield f"{loss!r}, on the GPU", on_gpu


def array_maker(device: str) -> Callable[[Any], Any] | None:
    """From an array of the CPU to one that XGBoost's prediction gives on the device."""
    if device == "cpu":
        return np.asarray
    if find_spec("cupy") is None:
        return None
    import cupy

    return cupy.asarray


def catboost_runs(X: Any, y: Any, device: str) -> Iterator[tuple[str, Run]]:
    import catboost

    from boostloss.catboost import objective

    pool = catboost.Pool(X, y)
    options = {"task_type": "GPU" if device == "cuda" else "CPU", "allow_writing_files": False}
    options |= {"learning_rate": 0.1, "eval_metric": "MAE", "metric_period": 10_000}
    options |= {"boosting_type": "Plain", "leaf_estimation_iterations": 1}

    def train(rounds: int, loss: Any) -> object:
        parameters = options | {"loss_function": loss, "iterations": rounds}
        return catboost.train(pool, parameters, logging_level="Silent")

    yield "own", lambda rounds: train(rounds, "RMSE")
    for loss in LOSSES:
        yield repr(loss), lambda rounds, loss=loss: train(rounds, objective(loss))


LIBRARIES = {"xgboost": xgboost_runs, "catboost": catboost_runs}


def per_round(run: Run, rounds: int, repeats: int) -> float:
    """Milliseconds of a round."""

    def seconds(n: int) -> float:
        start = time.perf_counter()
        run(n)
        return time.perf_counter() - start

    run(2)  # compiles
    return min(1e3 * (seconds(rounds) - seconds(1)) / (rounds - 1) for _ in range(repeats))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--library", choices=LIBRARIES, help="one library alone")
    parser.add_argument("--device", default="cuda", help="cpu tries the script without a GPU")
    options = parser.parse_args()
    if options.device == "cuda" and not cuda.is_available():
        print("No CUDA device that numba can use: nothing to measure here.")
        return 2
    warnings.filterwarnings("ignore", "Boosting starts far")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(options.rows, options.columns)).astype(np.float32)
    y = (X[:, 0] + np.abs(X[:, 1]) + rng.standard_t(3, len(X))).astype(np.float32)
    name = cuda.get_current_device().name if options.device == "cuda" else "cpu"
    print(f"{name}, {options.rows:,} rows, {options.columns} columns, {options.rounds} rounds")
    for library in [options.library] if options.library else LIBRARIES:
        own = None
        for title, run in LIBRARIES[library](X, y, options.device):
            found = per_round(run, options.rounds, options.repeats)
            own = own or found
            print(f"{library:9s} {title:34s} {found:9.2f} ms {found / own:6.2f} of own", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
