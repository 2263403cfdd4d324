"""Pictures of whether predicted distributions are right."""

import numpy as np
import pytest

import boostloss as bl

plt = pytest.importorskip("matplotlib.pyplot")

from boostloss.plot import plot_coverage, plot_pit  # noqa: E402


@pytest.fixture
def axes():
    figure, pair = plt.subplots(1, 2)
    yield pair
    plt.close(figure)


def predicted(log_scale=0.0, shift=0.0, n=4000):
    y = np.random.default_rng(0).normal(size=n)
    return y, bl.Normal().distribution(np.tile([shift, log_scale], (n, 1)))


def heights(ax):
    return np.array([bar.get_height() for bar in ax.patches if bar.get_width() < 0.2])


def band(ax):
    return next(bar for bar in ax.patches if bar.get_width() == 1.0)


def test_a_right_model_is_flat_and_on_the_diagonal(axes):
    y, distribution = predicted()
    assert plot_pit(y, distribution, bins=10, ax=axes[0]) is axes[0]
    shares = heights(axes[0])
    assert len(shares) == 10
    assert shares.sum() == pytest.approx(100.0)
    low, height = band(axes[0]).get_y(), band(axes[0]).get_height()
    assert np.mean((low <= shares) & (shares <= low + height)) >= 0.8
    assert plot_coverage(y, distribution, ax=axes[1]) is axes[1]
    x, within = axes[1].lines[-1].get_data()
    assert np.abs(x - within).max() < 3.0
    at_90 = np.mean(np.abs(y) <= distribution.interval(0.9)[1])
    assert axes[1].get_legend().get_texts()[0].get_text() == f"of 90 %: {at_90:.1%}"
    assert within[180] == pytest.approx(100.0 * at_90)


def test_wrong_models_look_as_it_is_said(axes):
    y, narrow = predicted(-0.7)
    shares = heights(plot_pit(y, narrow, ax=axes[0]))
    assert min(shares[0], shares[-1]) > 2.0 * shares[5:15].mean()
    x, within = plot_coverage(y, narrow, ax=axes[1]).lines[-1].get_data()
    assert (within[20:180] < x[20:180] - 5.0).all()
    axes[0].clear()
    axes[1].clear()
    y, wide = predicted(0.7)
    shares = heights(plot_pit(y, wide, ax=axes[0]))
    assert max(shares[0], shares[-1]) < 0.5 * shares[8:12].mean()
    x, within = plot_coverage(y, wide, ax=axes[1]).lines[-1].get_data()
    assert (within[20:180] > x[20:180] + 5.0).all()
    axes[0].clear()
    shares = heights(plot_pit(*predicted(shift=1.0), ax=axes[0]))
    assert shares[0] > 3.0 * shares[-1]  # too high: targets lie low


def test_what_does_not_fit_is_refused():
    y, distribution = predicted(n=10)
    for draw in (plot_pit, plot_coverage):
        with pytest.raises(ValueError, match="for each of 10 distributions, got 9"):
            draw(y[:9], distribution)
    for bins in (1, 2.0, True):
        with pytest.raises(ValueError, match="bins must be a whole number from 2"):
            plot_pit(y, distribution, bins=bins)
