"""Whether a loss is the same wherever it computes, is stored or trains."""

import importlib
import importlib.util
import pickle
import warnings
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from boostloss.boosting.libraries import LIBRARIES, Library
from boostloss.check.rows import Failure, Skipped, moved, raw_predictions, targets
from boostloss.losses.base import Loss
from boostloss.losses.catalogue import from_string, to_string
from boostloss.losses.distributions import Distribution
from boostloss.losses.harmonizing import Harmonized
from boostloss.metrics import negative_log_likelihood


def backends(loss: Loss) -> Iterator[tuple[str, Callable[[Loss], str]]]:
    if importlib.util.find_spec("torch"):
        yield "torch", lambda given: same_in_torch(loss)
    for name, library in LIBRARIES.items():
        if library.installed:
            yield name, partial(trees_improve, library=library)


def same_record(loss: Loss) -> str:
    for name, copy in (
        ("record", from_string(to_string(loss))),
        ("pickle", pickle.loads(pickle.dumps(loss))),
    ):
        if copy != loss or hash(copy) != hash(loss):
            raise Failure(f"{name} gives back {copy!r}")
    return "record and pickle give the same loss back"


def same_in_torch(loss: Loss) -> str:
    import torch

    if isinstance(loss, Harmonized):
        raise Skipped("no module: the loss of a row depends on the others")
    module = importlib.import_module("boostloss.torch").LossModule(loss, reduction="none")
    y, f = targets(loss), raw_predictions(loss)
    if isinstance(loss, Distribution):
        y, f = moved(loss, len(y))
    input = torch.tensor(f, requires_grad=True)
    value = module(input, torch.tensor(y))
    (slope,) = torch.autograd.grad(value.sum(), input)
    expected = loss.loss(y, f), loss.gradient_hessian(y, f)[0]
    for found, true in zip((value.detach(), slope), expected, strict=True):
        if not np.allclose(found.numpy(), true, rtol=1e-9, atol=1e-12):
            raise Failure("torch and the kernels differ")
    return "the module gives the kernels' loss and gradient"


def trees_improve(loss: Loss, library: Library) -> str:
    if library.name == "catboost" and isinstance(loss, Harmonized):
        raise Skipped("not trained: the loss needs all rows at once")
    y = targets(loss, 400)
    X = np.column_stack([y, np.random.default_rng(3).normal(size=400)])
    parameters = library.parameters(loss) | {library.rounds: 30, library.learning_rate: 0.3}
    model = library.estimator(loss.task)(**parameters, **library.settings)
    with warnings.catch_warnings():
        # A feature that is the target lets trees fit more closely than the estimators think right.
        warnings.simplefilter("ignore")
        model.fit(X, y)
    if isinstance(loss, Distribution):
        constant = loss.distribution(np.tile(loss.fit_intercept(y), (len(y), 1)))
        start, after = (
            negative_log_likelihood(y, p) for p in (constant, model.predict_distribution(X))
        )
        return improved(start, after)
    predicted = model.predict_proba(X)[:, 1] if loss.task == "binary" else model.predict(X)
    if not np.isfinite(predicted).all():
        raise Failure("predictions are not finite")
    start = loss.mean_loss(y, np.full(len(y), loss.fit_intercept(y)))
    after = loss.mean_loss(
        y, loss.link(np.clip(predicted, 1e-9, 1 - 1e-9) if loss.task == "binary" else predicted)
    )
    return improved(start, after)


def improved(start: float, after: float) -> str:
    if not after < start:
        raise Failure(f"30 trees go from a mean loss of {start:.6g} to {after:.6g}")
    return f"30 trees go from a mean loss of {start:.4g} to {after:.4g}"
