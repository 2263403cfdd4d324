"""A row of weight 3 trains as three equal rows do, and a row of weight 0 as none."""

import numpy as np
import pytest
from boosting import target
from cases import BINARY, REGRESSION
from own_losses import own_log_cosh, power_loss, probit, softplus_squares

import boostloss as bl
from boostloss.boosting.adaptation import Adaptation
from boostloss.boosting.moving import moving_error
from boostloss.boosting.objective import boosting_gradients
from boostloss.boosting.several import several_gradients, takes_columns
from boostloss.losses.adaptive import Adaptive

N = 90  # from 200 rows on adaptive losses hold some out
rng = np.random.default_rng(0)
WEIGHT = rng.integers(0, 4, N)
ROWS = np.repeat(np.arange(N), WEIGHT)
LOSSES = [
    *REGRESSION,
    *BINARY,
    bl.Quantile([0.1, 0.9]),
    bl.Expectile([0.2, 0.7]),
    bl.Normal(),
    bl.StudentT(),
    bl.Weibull(),
    power_loss(1.0),
    power_loss(),
    own_log_cosh(),
    softplus_squares(),
    probit(),
]
# Barron's alpha comes from a test of likelihoods, for which rows of unequal weight are fewer than their sum of weights.
ADAPTIVE = [bl.Huber(), bl.Cauchy(), bl.Barron(alpha=1.0), bl.Fair(), bl.EpsilonInsensitive()]


def gradients(loss, *rows):
    if isinstance(loss, Adaptive):
        return Adaptation(loss).gradients(*rows, np.float64)
    of_loss = several_gradients if takes_columns(loss) else boosting_gradients
    return of_loss(loss, *rows, np.float64)


@pytest.mark.parametrize("loss", LOSSES + ADAPTIVE, ids=repr)
def test_gradients_of_repeated_rows_add_up_to_the_weighted_ones(loss):
    y = target(loss)[:N]
    f = rng.normal(size=(N, loss.n_outputs) if takes_columns(loss) else N)
    weighted = gradients(loss, y, f, WEIGHT.astype(float))
    repeated = gradients(loss, y[ROWS], f[ROWS], None)
    for each, several in zip(weighted, repeated, strict=True):
        total = np.zeros(each.shape)
        np.add.at(total, ROWS, several)
        np.testing.assert_allclose(each, total, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_the_error_of_moving_rows_is_that_of_repeated_ones(n):
    for seed in range(200):
        draw = np.random.default_rng(seed)
        error, f = draw.integers(-3, 4, (2, n)).astype(float)
        weight = draw.integers(0, 4, n)
        rows = np.repeat(np.arange(n), weight)
        found = moving_error(error, f, weight.astype(float))
        assert found == moving_error(error[rows], f[rows], None)
