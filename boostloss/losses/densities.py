"""Distributions of one's own, from their log-density alone.

>>> import numpy as np
>>> import boostloss as bl
>>> @bl.log_density
... def gumbel(target, location, log_scale):
...     z = (target - location) / np.exp(log_scale)
...     return -z - np.exp(-z) - log_scale
>>> gumbel().fit_intercept([1.0, 2.0, 4.0]).round(4)
array([1.7422, 0.0189])
"""

import inspect
import itertools
import math
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache, partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from boostloss.autodiff.densities import LINKED, density_formula, density_interval_formula
from boostloss.autodiff.traces import Trace, read
from boostloss.losses.distributions import Distribution
from boostloss.losses.intervals import middles, no_maximum
from boostloss.losses.lifting import place, traced
from boostloss.losses.likelihood import most_likely
from boostloss.losses.traced import Traced, default_numbers, defined, made_class, refuse_known

Value = Callable[[Mapping[str, float]], Trace]  # of the parameters
SURVIVAL = "log_survival"  # in the text of a record
MOST_OUTPUTS = 3  # that a kernel computes
FARTHEST = 20.0  # between the logarithms of a scale and of the spread of the targets
AT_ONCE = 10_000  # rows of a prediction, whose integrals take some kilobytes each


class Density(Traced, Distribution):
    """A distribution made of its log-density: what `boostloss.log_density` returns is a subclass.

    Attributes
    ----------
    outputs : tuple of str
        The names of the raw predictions.
    positive : bool
        Whether targets are above 0.
    """

    survival_value: ClassVar[Value | None] = None

    @cached_property
    def survival(self) -> Trace | None:
        """The logarithm of the probability to exceed a target, if it was given."""
        value = type(self).survival_value
        return None if value is None else value(self.given)

    @cached_property
    def record(self) -> str:  # type: ignore[override]
        """A line from which `boostloss.from_string` makes the distribution again, in any process."""
        options = f"outputs={','.join(self.outputs)!r}, positive={int(self.positive)}"
        values = [self.trace] if self.survival is None else [self.survival, self.trace]
        if asked := frozenset().union(*(x.inspected for x in values)) or self.decided:
            options += f", decided={','.join(sorted(asked))!r}"
        first = [x.assigned(SURVIVAL) for x in values[:-1]]
        return "; ".join([repr(self), f"density({options})", *first, self.trace.text])

    @property
    def lowest(self) -> float:
        """What all targets are above."""
        return 0.0 if self.positive else -math.inf

    @cached_property
    def formula(self) -> Callable[..., Any]:  # type: ignore[override]
        """The negative log-density with its derivatives and curvatures."""
        return density_formula(type(self).__name__, self.trace, self.outputs, self.names)

    @cached_property
    def interval_formula(self) -> Callable[..., Any] | None:  # type: ignore[override]
        """That of an interval, if the probability to exceed a target was given."""
        if self.survival is None:
            return None
        given = type(self).__name__, self.trace, self.survival, self.outputs, self.names
        return density_interval_formula(*given, self.lowest)

    @property
    def parameters(self) -> tuple[float, ...]:
        return tuple(self.given.values())

    @property
    def allowed(self) -> str:  # type: ignore[override]
        return "> 0" if self.positive else "a number"

    def _best_constant(self, y: NDArray, weight: NDArray | None) -> Any:
        """From the best of some places, which are in units of the targets, by the gradient."""
        kept = y[slice(None) if weight is None else weight > 0.0].astype(np.float64)
        w = None if weight is None else weight[weight > 0.0].astype(np.float64)
        target = kept
        if y.ndim == 2:
            lower, upper = kept[:, 0].max(), kept[:, 1].min()
            one_sided = lower <= self.lowest or upper == math.inf
            if one_sided or (self.spread is not None and lower <= upper):
                raise no_maximum(self, kept[0])
            target, _ = middles(*kept.T)
        low, middle, high = np.quantile(target, [0.25, 0.5, 0.75])
        unit = float(high - low) or float(np.abs(target - middle).mean()) or abs(middle) or 1.0
        size = math.log(float(np.abs(target).mean()) or 1.0)
        places = [
            dict.fromkeys([0.0, -1.0, 1.0, math.log(unit), math.log(unit) - 1.0, size, size - 1.0])
            if output.startswith(LINKED)
            else dict.fromkeys([float(middle), float(np.mean(target)), 0.0, 1.0, unit])
            for output in self.outputs
        ]
        rows = slice(None, None, max(1, len(kept) // 1000))
        with np.errstate(all="ignore"):
            found = {
                raw: self.mean_loss(
                    kept[rows], np.tile(raw, (len(kept[rows]), 1)), None if w is None else w[rows]
                )
                for raw in itertools.product(*places)
            }
        start = np.array(min(found, key=lambda raw: np.nan_to_num(found[raw], nan=np.inf)))
        units = [1.0 if output.startswith(LINKED) else unit for output in self.outputs]
        best = most_likely(self, kept, w, start, np.array(units))
        for x, output in zip(best, self.outputs, strict=True):
            if output == self.spread and x < math.log(unit) - FARTHEST:
                raise ValueError(
                    f"y_true must have targets that differ, for {self!r}: of a constant the likelihood grows without "
                    "end as the scale goes to 0."
                )
        return best

    def _mean(self, *raw: Any, **_: Any) -> Any:
        rows = [slice(i, i + AT_ONCE) for i in range(0, len(raw[0]), AT_ONCE)]
        means = [self._frozen(*(column[some] for column in raw)).mean() for some in rows]
        return np.concatenate([np.empty(0), *means])

    def _frozen(self, *raw: Any, **_: Any) -> Any:
        from boostloss.losses.quadrature import NumericalDistribution

        columns = np.stack(raw)

        def log_density(y: NDArray) -> NDArray:
            target = np.where(y > 0.0, y, 1.0) if self.positive else y
            losses = np.empty(y.size)
            self.fill([losses], target.ravel(), np.tile(columns, len(y)).T, None)
            return -losses.reshape(y.shape)

        return NumericalDistribution(log_density, columns.shape[1], self.positive)


def log_density(
    function: Callable[..., Any] | None = None,
    /,
    *,
    positive: bool = False,
    log_survival: Callable[..., Any] | None = None,
) -> Any:
    """Make a distribution of the function of its log-density: of one row, in plain Python with NumPy's functions.

    The first argument is ``target``. Those after it that have no default are the raw predictions, one to three, which
    trees predict; all others are parameters, with numbers as defaults. The names of raw predictions that are logarithms
    or logits begin with ``log_`` or ``logit_``: they have no unit, and boosting moves them by other steps. If one is
    called ``log_scale``, a fit tells where it is too small. Derivatives, the start, mean and quantiles follow.

    Parameters
    ----------
    function : callable
        The logarithm of the density, with its constants. ``if`` may ask for parameters; for data write
        ``np.where(condition, a, b)``, ``min`` and ``max``.
    positive : bool, default False
        Whether targets are above 0.
    log_survival : callable, optional
        The logarithm of the probability to exceed the target, of the same arguments: with it, targets may be intervals.
        Those far below the median have the digits of its results near 0.

    Returns
    -------
    type
        A subclass of `boostloss.losses.distributions.Distribution`, to be called with the parameters.

    Raises
    ------
    ValueError, TypeError
        If the function is not one of one row, naming the line, or its density does not integrate to 1, or not to the
        probability to exceed a target.

    Examples
    --------
    >>> import numpy as np
    >>> import boostloss as bl
    >>> @bl.log_density(positive=True)
    ... def inverse_gaussian(target, log_mean, log_shape):
    ...     mean, shape = np.exp(log_mean), np.exp(log_shape)
    ...     error = (target - mean) / mean
    ...     return 0.5 * (log_shape - np.log(2 * np.pi * target**3) - shape * error**2 / target)
    >>> inverse_gaussian().inverse_link([[0.7, 1.0]]).round(4)  # the mean
    array([2.0138])
    """
    if function is None:
        return lambda given: log_density(given, positive=positive, log_survival=log_survival)
    for given in (function, log_survival):
        if not (inspect.isfunction(given) or given is log_survival is None):
            raise TypeError(f"log_density takes plain Python functions, got {given!r}.")
    outputs, parameters = signature_of(function)
    if not function.__name__.isidentifier():
        raise ValueError(
            f"{place(function)}: a density needs a name, by which models keep it: define it with def."
        )

    def value(given: Mapping[str, float]) -> Trace:
        return traced(function, ("target", *outputs), given)

    survival: Value | None = None
    if log_survival is not None:
        if signature_of(log_survival) != (outputs, parameters):
            raise TypeError(
                f"{place(log_survival)}: log_survival must have the arguments of {function.__name__}, with the same "
                f"defaults: {inspect.signature(function)}, got {inspect.signature(log_survival)}."
            )

        def survival(given: Mapping[str, float]) -> Trace:
            return traced(log_survival, ("target", *outputs), given)

    made = own_class(function.__name__, outputs, parameters, value, bool(positive), (), survival)
    made.__doc__, made.__module__ = function.__doc__, function.__module__
    made.__qualname__ = function.__qualname__
    check_mass(made())
    defined[function.__name__] = made
    return made


def signature_of(function: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, float]]:
    """The names of the raw predictions, and the parameters with their defaults."""
    given = inspect.signature(function).parameters
    names, optional = list(given), {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    outputs = [
        x.name
        for x in list(given.values())[1:]
        if x.default is inspect.Parameter.empty and x.kind not in optional
    ]
    parameters = default_numbers(function, names[1 + len(outputs) :], "log-density")
    if names[:1] != ["target"] or not 1 <= len(outputs) <= MOST_OUTPUTS:
        raise TypeError(
            f"{place(function)}: a log-density is a function of `target`, of one to {MOST_OUTPUTS} raw predictions, "
            f"and of parameters with defaults; got ({', '.join(names)})."
        )
    return tuple(outputs), parameters


def own_class(
    name: str,
    outputs: tuple[str, ...],
    parameters: Mapping[str, float],
    value: Value,
    positive: bool,
    decided: tuple[str, ...] = (),
    survival: Value | None = None,
) -> type[Density]:
    """A class of distributions, whose parameters are its fields."""
    refuse_known(name, "name")
    space = {
        "outputs": outputs,
        "spread": "log_scale" if "log_scale" in outputs else None,
        "positive": positive,
        "steadied": tuple(output for output in outputs if output.startswith(LINKED)),
        "value": staticmethod(value),
        "decided": decided,
        "survival_value": survival and staticmethod(survival),
    }
    return made_class(name, Density, parameters, space, *outputs)


def check_mass(density: Density) -> None:
    """Refuse a function whose density does not integrate to 1 at some small raw predictions."""
    from boostloss.losses.quadrature import MASS_ERROR

    density.formula  # noqa: B018  an error of its derivatives comes now
    columns = list(itertools.product([-1.0, 0.0, 1.0], repeat=density.n_outputs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the error says more
        masses = density.distribution(columns).mass()  # NaN where an output must be above 0
    name = type(density).__name__
    if np.isnan(masses).all():
        raise ValueError(f"{name}: the log-density is finite for no raw predictions from -1 to 1.")
    for raw, mass in zip(columns, masses, strict=True):
        if abs(mass - 1.0) >= MASS_ERROR:
            raise ValueError(
                f"{name} must return the logarithm of a density, with its constants: it integrates to {mass:.6g}, not "
                f"to 1, at {told(density, raw)}."
            )
    if density.survival is not None:
        known = ~np.isnan(masses)
        check_survival(density, density.survival, np.array(columns)[known])


def check_survival(density: Density, survival: Trace, raw: NDArray[np.float64]) -> None:
    """Refuse a survival that is not what the density integrates to."""
    from boostloss.losses.quadrature import MASS_ERROR

    distribution = density.distribution(raw)
    for q in (0.1, 0.5, 0.9):
        y = distribution.ppf(q)
        arguments = {"target": y, **dict(zip(density.outputs, raw.T, strict=True)), **density.given}
        with np.errstate(all="ignore"):
            found = np.exp(survival.replay(arguments) + 0.0 * y)
        wrong = ~(np.abs(found - (1.0 - q)) < MASS_ERROR)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"log_survival of {type(density).__name__} must return the logarithm of the probability to exceed the "
                f"target: it is that of {found[row]:.6g}, and the density has {1.0 - q:.6g}, at target={y[row]:.6g}, "
                f"{told(density, raw[row])}."
            )


def told(density: Density, raw: Any) -> str:
    return ", ".join(f"{x}={y:g}" for x, y in zip(density.outputs, raw, strict=True))


@lru_cache(maxsize=256)
def restored_class(
    name: str, numbers: tuple[tuple[str, float], ...], options: Any, body: str
) -> type[Density]:
    """A class of distributions whose log-density is a text."""
    options_told, parameters = dict(options), dict(numbers)
    outputs = tuple(str(options_told.get("outputs")).split(","))
    if (
        "outputs" not in options_told
        or len(outputs) > MOST_OUTPUTS
        or not all(map(str.isidentifier, outputs))
        or len({*outputs, *parameters}) < len(outputs) + len(parameters)
    ):
        raise ValueError("its outputs are no names")
    decided = tuple(filter(None, str(options_told.get("decided", "")).split(",")))

    def value(given: Mapping[str, float], part: str = "") -> Trace:
        return read(body, ("target", *outputs, *given), given)[part]

    known = SURVIVAL in read(body, ("target", *outputs, *parameters), parameters)
    survival = partial(value, part=SURVIVAL) if known else None
    positive = bool(options_told.get("positive"))
    return own_class(name, outputs, parameters, value, positive, decided, survival)
