"""The pictures show what the losses compute."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import boostloss as bl
from boostloss.plot import plot_adaptation, plot_curvature, plot_gradient, plot_loss


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_every_loss_is_a_line_with_its_values(ax):
    losses = bl.Huber(2.0), bl.Cauchy(1.0), bl.Quantile(0.9)
    x = np.linspace(-3.0, 3.0, 7)
    assert plot_loss(*losses, at=x, ax=ax) is ax
    for loss, line in zip(losses, ax.lines, strict=True):
        np.testing.assert_allclose(line.get_ydata(), loss.loss(np.zeros(7), x))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("error", "loss")
    assert names(ax) == ["", "Huber(delta=2)", "Cauchy(scale=1)", "Quantile(quantile=0.9)"]


@pytest.mark.parametrize(
    ("loss", "number"),
    [(bl.Poisson(), 1.0), (bl.Gamma(), 1.0), (bl.Tweedie(1.5), 1.0), (bl.CrossEntropy(), 0.5)],
    ids=repr,
)
def test_a_loss_with_a_link_is_drawn_over_the_raw_prediction(ax, loss, number):
    x = np.linspace(-3.0, 3.0, 7)
    plot_loss(loss, at=x, ax=ax)
    values = ax.lines[0].get_ydata()
    np.testing.assert_allclose(values, loss.loss(np.full(7, number), x))
    assert values.argmin() == 3
    assert ax.get_xlabel() == f"raw prediction of a row of target {number:g}"


def names(ax):
    """The title and the entries of the legend."""
    legend = ax.get_legend()
    return [text.get_text() for text in (legend.get_title(), *legend.get_texts())]


def test_losses_of_one_class_are_a_family_from_dark_to_light(ax):
    plot_loss(*(bl.Barron(alpha, scale=1.0 / 3.0) for alpha in (2.0, 0.0, -np.inf)), ax=ax)
    assert names(ax) == ["Barron, scale=0.3333", "alpha=2", "alpha=0", "alpha=-inf"]
    lightness = [sum(to_rgb(line.get_color())) for line in ax.lines]
    assert lightness == sorted(lightness)
    plot_loss(bl.Quantile(0.1), bl.Quantile(0.9), ax=ax)
    assert names(ax)[0] == "Quantile"


def test_equal_losses_keep_their_name(ax):
    plot_loss(bl.Huber(1.0), bl.Huber(1.0), ax=ax)
    assert names(ax) == ["", "Huber(delta=1)", "Huber(delta=1)"]


def test_a_binary_loss_is_drawn_over_the_score_of_label_1(ax):
    plot_gradient(bl.Logistic(), bl.Focal(), ax=ax)
    for line in ax.lines:
        assert (np.asarray(line.get_ydata()) < 0.0).all()
    assert "label 1" in ax.get_xlabel()


def test_both_curvatures_or_one(ax):
    losses = bl.Welsch(1.0), bl.Cauchy(1.0)
    plot_curvature(*losses, ax=ax)
    assert len(ax.lines) == 4
    for majorizer, exact in zip(ax.lines[::2], ax.lines[1::2], strict=True):
        assert (majorizer.get_linestyle(), exact.get_linestyle()) == ("-", "--")
        assert (np.asarray(majorizer.get_ydata()) >= np.asarray(exact.get_ydata()) - 1e-15).all()
        assert majorizer.get_color() == exact.get_color()
    assert len(names(ax)) == 1 + len(losses)
    alone = plot_curvature(losses[0], curvature="exact", ax=plt.figure().add_subplot())
    assert len(alone.lines) == 1
    np.testing.assert_array_equal(alone.lines[0].get_ydata(), ax.lines[1].get_ydata())
    plt.close(alone.figure)


@pytest.mark.parametrize(
    "losses",
    [
        (bl.Huber(1.0), bl.LogCosh(1.0), bl.Cauchy(1.0)),
        tuple(bl.Barron(alpha, 1.0) for alpha in (2.0, 1.0, 0.5, 0.0, -2.0, -np.inf)),
        (bl.Logistic(), bl.Focal()),
    ],
    ids=["mixed", "family", "binary"],
)
def test_the_legend_of_curvatures_covers_none(ax, losses):
    plot_curvature(*losses, ax=ax)
    ax.figure.draw_without_rendering()
    bottom = ax.get_legend().get_window_extent().y0
    for line in ax.lines:
        assert line.get_window_extent().y1 < bottom


def test_without_axes_the_current_ones_are_taken(ax):
    plt.sca(ax)
    assert plot_loss(bl.Huber(1.0)) is ax


def test_a_history_is_drawn_by_round_each_parameter_on_its_side(ax):
    history = {"alpha": np.array([1.0, 0.5]), "scale": np.array([200.0, 100.0])}
    assert plot_adaptation(history, ax=ax) is ax
    assert len(ax.figure.axes) == 2
    assert ax.figure.gca() is ax
    for side, (name, values) in zip(ax.figure.axes, history.items(), strict=True):
        (line,) = side.lines
        assert side.get_ylabel() == name
        np.testing.assert_array_equal(line.get_xdata(), [1, 2])
        np.testing.assert_array_equal(line.get_ydata(), values)


@pytest.mark.parametrize(
    ("losses", "error", "match"),
    [
        ((), TypeError, "Loss objects"),
        (("huber",), TypeError, "got .'huber'"),
        ((bl.Huber(1.0), bl.Logistic()), ValueError, "one task"),
        ((bl.Huber(1.0), bl.Poisson()), ValueError, "one link"),
    ],
)
def test_what_is_no_loss_is_refused(ax, losses, error, match):
    with pytest.raises(error, match=match):
        plot_loss(*losses, ax=ax)


def test_what_has_no_history_is_refused():
    with pytest.raises(TypeError, match="adaptation_"):
        plot_adaptation(bl.Huber(1.0))
