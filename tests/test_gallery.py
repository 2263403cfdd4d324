"""The page of losses is what its script writes, and has a picture for each."""

import re

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("PIL")

from PIL import Image

import boostloss as bl
from boostloss.losses.guide import ENTRIES
from tools import gallery

PICTURES = sorted((gallery.DOCS / "losses").glob("*.png"))


def test_the_page_is_what_the_script_writes():
    assert (gallery.DOCS / "losses.md").read_text("utf-8") == gallery.page()


def test_every_loss_has_a_section_and_a_picture():
    text = gallery.page()
    names = {item.name for item in ENTRIES}
    assert set(re.findall(r"^### (.*)$", text, re.M)) == names
    assert {path.stem for path in PICTURES} == names
    assert re.findall(r"\]\(losses/(.*?)\.png\)", text) == re.findall(r"^### (.*)$", text, re.M)


def test_pictures_are_small_and_not_empty():
    sizes = [path.stat().st_size for path in PICTURES]
    assert max(sizes) < 30_000
    assert sum(sizes) < 1_000_000
    for path in PICTURES:
        with Image.open(path) as picture:
            assert picture.size == (760, 210)
            assert len(picture.convert("RGB").getcolors()) > 10


@pytest.mark.parametrize("name", ["Huber", "Quantile", "Tweedie"])
def test_a_picture_is_what_the_script_draws(name):
    (item,) = (x for x in ENTRIES if x.name == name)
    (path,) = (x for x in PICTURES if x.stem == name)
    drawn = gallery.picture(item)
    assert drawn.startswith(b"\x89PNG")
    assert 0.75 < len(drawn) / path.stat().st_size < 1.33  # whatever the release of matplotlib is


def test_the_curvature_is_the_one_that_boosting_divides_by():
    x = np.linspace(-4.0, 4.0, 201)
    zero, one = np.zeros_like(x), np.ones_like(x)

    loss = bl.Cauchy(1.0)
    value, gradient, bend, divisor = gallery.curves(loss, zero, x)
    np.testing.assert_allclose(value, loss.loss(zero, x))
    np.testing.assert_allclose([gradient, bend], loss.gradient_hessian(zero, x, curvature="exact"))
    np.testing.assert_allclose(divisor, np.maximum(1.0 / (1.0 + x * x / 2.0), 0.1))

    for loss in (bl.Focal(2.0), bl.Hinge()):
        _, _, _, divisor = gallery.curves(loss, one, x)
        given = loss(one, x)[1]
        np.testing.assert_allclose(divisor, given, rtol=1e-5)

    # Twice the median's, which is half the absolute error.
    _, _, _, divisor = gallery.curves(bl.AbsoluteError(), zero, x)
    _, _, _, half = gallery.curves(bl.Quantile(0.5), zero, x)
    np.testing.assert_allclose(divisor, 2.0 * half)
    assert divisor[0] == pytest.approx(0.25)  # 1 / |error|
