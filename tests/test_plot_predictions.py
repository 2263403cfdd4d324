"""The pictures of predicted quantiles and probabilities."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from boostloss.plot import plot_quantiles, plot_reliability

LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def fan(n=400):
    x = np.linspace(0.0, 1.0, n)
    return x, 10.0 * x[:, None] + np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) * (0.5 + x[:, None])


def test_a_fan_has_a_band_for_each_pair_of_levels_and_a_middle_line(ax):
    x, f = fan()
    assert plot_quantiles(f, LEVELS, x=x, groups=20, ax=ax) is ax
    assert names(ax) == ["0.05 to 0.95", "0.25 to 0.75", "quantile 0.5"]
    assert len(ax.collections) == 2
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xdata(), x.reshape(20, 20).mean(axis=1))
    np.testing.assert_allclose(line.get_ydata(), f[:, 2].reshape(20, 20).mean(axis=1))
    assert ax.get_xlabel() == "x"
    colours = [tuple(band.get_facecolor()[0]) for band in ax.collections]
    assert sum(colours[1]) < sum(colours[0])  # the inner one is darker


def test_an_even_number_of_levels_has_no_middle_line(ax):
    _, f = fan()
    plot_quantiles(f[:, [0, 4]], [0.05, 0.95], ax=ax)
    assert names(ax) == ["0.05 to 0.95"]
    assert not ax.lines


def test_rows_are_in_the_order_of_their_middle_prediction(ax):
    _, f = fan()
    plot_quantiles(f[np.random.default_rng(0).permutation(len(f))], LEVELS, ax=ax)
    place, middle = ax.lines[0].get_data()
    assert (np.diff(middle) > 0.0).all()
    np.testing.assert_allclose([place[0], place[-1]], [1.0, 99.0], atol=1e-9)


def test_targets_are_dots_and_all_of_them_count(ax):
    x, f = fan(5000)
    y = f[:, 2].copy()
    y[::4] = 1e6
    plot_quantiles(f, LEVELS, y, x=x, ax=ax)
    assert names(ax)[3:] == ["targets within, 75.0%", "targets outside, 25.0%"]
    _, within, outside = ax.lines
    assert len(within.get_xdata()) + len(outside.get_xdata()) == 1000
    assert ax.get_ylim()[1] < 100  # far targets do not squeeze the fan


def test_the_legend_of_a_fan_covers_no_band(ax):
    x, f = fan()
    plot_quantiles(f, LEVELS, f[:, 2], x=x, ax=ax)
    ax.figure.draw_without_rendering()
    bottom = ax.get_legend().get_window_extent().y0
    assert ax.transData.transform((0.0, f.max()))[1] < bottom


@pytest.mark.parametrize(
    ("levels", "y", "match"),
    [
        ([0.5, 0.1], None, "two between 0 and 1 that increase"),
        ([0.5], None, "must have shape"),
        ([0.1, 0.5, 0.9], None, r"must have shape \(n_samples, 3\)"),
        ([0.1, 0.9], [1.0], "y_true has 1 rows, prediction has 3"),
    ],
)
def test_what_is_no_fan_is_refused(ax, levels, y, match):
    with pytest.raises(ValueError, match=match):
        plot_quantiles(np.zeros((3, 2)), levels, y, ax=ax)


def test_a_reliability_curve_is_the_observed_share(ax):
    p = np.repeat([0.2, 0.8], 500)
    y = np.concatenate([np.arange(500) < 150, np.arange(500) < 350])
    assert plot_reliability(y, p, groups=2, ax=ax) is ax
    np.testing.assert_allclose(ax.lines[1].get_xdata(), [0.2, 0.8])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [0.3, 0.7])
    assert names(ax) == ["1: 10.0%"]
    assert ax.get_legend().get_title().get_text() == "calibration error"


def draw(k, n=20_000):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(k), n)
    return (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1), p


def test_each_of_few_classes_has_a_curve_and_the_most_probable_one(ax):
    y, p = draw(3)
    labels = np.array(["c", "a", "b"])
    plot_reliability(labels[y], p, classes=labels, ax=ax)
    assert [name.partition(":")[0] for name in names(ax)] == [
        "c",
        "a",
        "b",
        "the most probable class",
    ]
    assert all(float(name.split()[-1].rstrip("%")) < 2.0 for name in names(ax))
    sure = np.eye(3)[np.zeros(len(y), int)]
    plot_reliability(y, sure, ax=plt.figure().add_subplot())
    wrong = np.mean(y != 0)
    assert names(plt.gca())[-1] == f"the most probable class: {wrong:.1%}"
    plt.close()


def test_many_classes_are_drawn_together(ax):
    y, p = draw(12)
    plot_reliability(y, p, ax=ax)
    assert len(ax.lines) == 2
    assert names(ax)[0].startswith("the most probable class")


@pytest.mark.parametrize(
    ("y", "classes", "match"),
    [
        ([0, 1, 2], None, "must hold the classes"),
        ([0, 1], None, "there are 2 classes"),
        ([0, 1, 1], ["a", "b", "c"], "there are 3 classes"),
    ],
)
def test_what_has_other_classes_is_refused(ax, y, classes, match):
    with pytest.raises(ValueError, match=match):
        plot_reliability(y, [0.1, 0.5, 0.9], classes=classes, ax=ax)
