"""The pictures show what the losses compute."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import boostloss as bl
from boostloss.plot import plot_adaptation, plot_curvature, plot_gradient, plot_loss


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_every_loss_is_a_line_with_its_values(ax):
    losses = bl.Huber(2.0), bl.Cauchy(), bl.Quantile(0.9)
    x = np.linspace(-3.0, 3.0, 7)
    assert plot_loss(*losses, at=x, ax=ax) is ax
    for loss, line in zip(losses, ax.lines, strict=True):
        assert line.get_label() == repr(loss)
        np.testing.assert_allclose(line.get_ydata(), loss.loss(np.zeros(7), x))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("error", "loss")


def test_a_binary_loss_is_drawn_over_the_score_of_label_1(ax):
    plot_gradient(bl.Logistic(), bl.Focal(), ax=ax)
    for line in ax.lines:
        assert (np.asarray(line.get_ydata()) < 0.0).all()
    assert "label 1" in ax.get_xlabel()


def test_both_curvatures_or_one(ax):
    loss = bl.Welsch()
    plot_curvature(loss, ax=ax)
    majorizer, exact = ax.lines[:2]
    assert (np.asarray(majorizer.get_ydata()) >= np.asarray(exact.get_ydata()) - 1e-15).all()
    assert majorizer.get_color() == exact.get_color()
    ax.clear()
    plot_curvature(loss, curvature="exact", ax=ax)
    assert len(ax.lines) == 1
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), exact.get_ydata())


def test_without_axes_the_current_ones_are_taken(ax):
    plt.sca(ax)
    assert plot_loss(bl.Huber()) is ax


def test_a_history_is_drawn_by_round(ax):
    plot_adaptation({"alpha": np.array([1.0, 0.5]), "scale": np.array([2.0, 1.0])}, ax=ax)
    assert [line.get_label() for line in ax.lines] == ["alpha", "scale"]
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), [1, 2])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [2.0, 1.0])


@pytest.mark.parametrize(
    ("losses", "error", "match"),
    [
        ((), TypeError, "Loss objects"),
        (("huber",), TypeError, "got .'huber'"),
        ((bl.Huber(), bl.Logistic()), ValueError, "one task"),
    ],
)
def test_what_is_no_loss_is_refused(ax, losses, error, match):
    with pytest.raises(error, match=match):
        plot_loss(*losses, ax=ax)


def test_what_has_no_history_is_refused():
    with pytest.raises(TypeError, match="adaptation_"):
        plot_adaptation(bl.Huber())
