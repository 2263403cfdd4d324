"""The page of losses, docs/losses.md, and its pictures: `python -m tools.gallery` writes them.

Each picture has the loss of a row, its gradient, and the curvature by which boosting divides it.
"""

import io
from pathlib import Path
from statistics import NormalDist

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from PIL import Image

import boostloss as bl
from boostloss.boosting.gradients import boosting_step, fill_gradients
from boostloss.losses.distributions import Distribution
from boostloss.losses.entries import LIBRARIES, Entry
from boostloss.losses.guide import by_situation

DOCS = Path(__file__).resolve().parents[1] / "docs"
STEEP = bl.Linex, bl.Exponential
# Of a row: its target, and the half-width of the raw predictions around the best one, or errors.
TARGETS = {"identity": (0.0, 6.0), "log": (2.0, 2.0), "logit": (0.3, 6.0)}
COLOUR, PALE = "#0072b2", "#b0b0b0"  # distinct for colour-blind readers too
ALIKE = {"identity": bl.SquaredError(), "binary": bl.Logistic()}
INTRODUCTION = """\
# The losses

Written by `python -m tools.gallery` from what `boostloss losses` tells in the terminal. Which to take is told by
[choosing a loss](choosing.md), and what is better on which data by [the benchmarks](benchmarks.md).

A picture has the loss of one row, its gradient, and its curvature: the line is what boosting divides by, dashed is the
second derivative. To compare, squared error, and of labels the logistic loss, is drawn in pale grey. An error is raw
prediction - target; the margin is the raw prediction for label 1, its negative for label 0. Of a distribution there are
curves by both raw predictions: the target is where the location is 0, or one scale of 1 from it.

Where libraries name a loss, our parameters stand in the places of theirs. Objectives may differ by a factor,
which changes what `reg_lambda` and the like mean.
"""


def page() -> str:
    """The text of the page."""
    parts = [INTRODUCTION, "| situation | losses |\n|---|---|"]
    for title, entries in by_situation().items():
        links = ", ".join(f"[{entry.name}](#{entry.name.lower()})" for entry in entries)
        parts[-1] += f"\n| {title} | {links} |"
    for title, entries in by_situation().items():
        parts += [f"## {title}", *map(section, entries)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def section(entry: Entry) -> str:
    """What is said of one loss."""
    rows = {f"`{key}`" if key in entry.parameters else key: x for key, x in entry.facts.items()}
    rows |= {title: ", ".join(f"`{x}`" for x in names) for title, names in entry.called.items()}
    if not entry.called:
        rows["elsewhere"] = f"none of {', '.join(LIBRARIES.values())} has it"
    table = "\n".join(
        f"| {key} | {text.replace('|', chr(92) + '|')} |" for key, text in rows.items()
    )
    name = entry.name
    parts = [
        f"### {name}",
        f"```text\n{entry.signature}\n{entry.formula}\n```",
        f"![Loss, gradient and curvature of {entry.loss}](losses/{name}.png)",
        f"Drawn: `{entry.loss}`." if entry.defaults else "",
        f"| | |\n|---|---|\n{table}",
    ]
    return "\n\n".join(filter(None, parts))


def curves(loss: bl.Loss, y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, ...]:
    """Loss, gradient, second derivative, and what boosting divides by."""
    gradient, bend = loss.gradient_hessian(y, f, curvature="exact")
    # Kernels suit the residuals of all rows: here normal ones. Those of targets 0 are the raw predictions themselves.
    residuals = np.array([NormalDist().inv_cdf(p) for p in np.linspace(0.0, 1.0, 1002)[1:-1]])
    boosted, nothing = loss.boosted_as, np.zeros(1000)
    step = boosting_step(loss, nothing, residuals, None) if boosted.kinked else None
    step = step or boosting_step(loss, y, f, None)
    divisor = np.empty_like(f)
    fill_gradients([np.empty_like(f), divisor], boosted, y, f, None, step=step)
    factor = loss.loss(y, f).max() / boosted.loss(y, f).max() / step.scale
    return loss.loss(y, f), gradient, bend, factor * divisor


def rows(loss: bl.Loss) -> tuple[np.ndarray, np.ndarray, str]:
    """Targets and raw predictions, and what these are called."""
    if loss.task == "binary":
        width = 2.0 if isinstance(loss, STEEP) else 4.0
        return np.ones(601), np.linspace(-width, width, 601), "raw prediction of a label 1"
    target, width = TARGETS[loss.link_name]
    middle = float(loss.link(target))
    width = 3.0 if isinstance(loss, STEEP) else width
    f = np.linspace(middle - width, middle + width, 601)
    name = "error" if loss.link_name == "identity" else f"raw prediction of a target {target:g}"
    return np.full_like(f, target), f, name


def draw_distribution(loss: Distribution, axes: list[Axes]) -> None:
    """The curves by each raw prediction, at a target at the center, and by the others at one beside it."""
    steps = np.linspace(-3.0, 3.0, 601)
    for place, colour in enumerate((COLOUR, "#d55e00", "#009e73")[: loss.n_outputs]):
        label = f"by {loss.outputs[place]}"
        raw = np.zeros((601, loss.n_outputs))
        raw[:, place] = steps if place == 0 else steps / 3.0
        y = np.full(601, 0.0 if place == 0 else 1.0)  # one scale from the location
        y = np.exp(y) if loss.positive or loss.outputs[0] == "log_mean" else y
        gradient, hessian = loss.gradient_hessian(y, raw)
        lines = loss.loss(y, raw), gradient[:, place], hessian[:, place]
        for ax, title, line in zip(axes, ("loss", "gradient", "curvature"), lines, strict=True):
            ax.plot(raw[:, place], line, color=colour, label=label)
            ax.set_title(title, fontsize="medium")
            ax.set_xlabel("raw prediction")
            ax.spines[["top", "right"]].set_visible(False)
            ax.axhline(0.0, color="black", lw=0.5)
    axes[0].legend(fontsize="x-small", frameon=False)


def draw(loss: bl.Loss, axes: list[Axes]) -> None:
    """The three curves of a loss, on as many axes; where rows weigh each other, of a row by itself."""
    loss = getattr(loss, "of_row", loss)
    if isinstance(loss, Distribution):
        draw_distribution(loss, axes)
        return
    y, f, name = rows(loss)
    value, gradient, bend, divisor = curves(loss, y, f)
    for ax, title, line in zip(
        axes, ("loss", "gradient", "curvature"), (value, gradient, divisor), strict=True
    ):
        ax.plot(f, line, color=COLOUR)
        ax.set_title(title, fontsize="medium")
        ax.set_xlabel(name)
        ax.spines[["top", "right"]].set_visible(False)
    axes[2].plot(f, bend, "--", color=COLOUR, lw=1.0)
    for ax in axes:
        low, high = ax.get_ylim()
        ax.set_ylim(min(low, -0.03 * (high - low)), max(high, 0.03))
        ax.axhline(0.0, color="black", lw=0.5)
    other = ALIKE.get("binary" if loss.task == "binary" else loss.link_name)
    if other is not None and other != loss:
        for ax, line in zip(axes, curves(other, y, f), strict=False):
            if ax is not axes[2]:
                limits = ax.get_ylim()
                ax.plot(f, line, color=PALE, lw=1.0, zorder=0)
                ax.set_ylim(limits)


def picture(entry: Entry) -> bytes:
    """The picture of a loss, as PNG."""
    figure, axes = plt.subplots(1, 3, figsize=(7.6, 2.1), layout="constrained")
    draw(entry.loss, list(axes))
    large, small = io.BytesIO(), io.BytesIO()
    figure.savefig(large, dpi=100, metadata={"Software": None})
    plt.close(figure)
    Image.open(large).convert("RGB").quantize(32).save(small, "PNG", optimize=True)
    return small.getvalue()


def main() -> None:
    """Write the page and the pictures."""
    folder = DOCS / "losses"
    folder.mkdir(parents=True, exist_ok=True)
    (DOCS / "losses.md").write_text(page(), "utf-8")
    for entries in by_situation().values():
        for entry in entries:
            (folder / f"{entry.name}.png").write_bytes(picture(entry))


if __name__ == "__main__":
    main()
