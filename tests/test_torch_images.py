"""Total variation, feature and style losses against loops, known borders and formulas written out."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import boostloss.torch as bt  # noqa: E402

pytestmark = pytest.mark.torch


def images(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


def variation(image, isotropic):
    """Pixel by pixel."""
    channels, height, width = image.shape
    total = 0.0
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                down = image[c, i + 1, j] - image[c, i, j] if i + 1 < height else 0.0
                right = image[c, i, j + 1] - image[c, i, j] if j + 1 < width else 0.0
                total += np.hypot(down, right) if isotropic else abs(down) + abs(right)
    return total


@pytest.mark.parametrize("isotropic", [False, True])
def test_total_variation_is_the_sum_over_pixels(isotropic):
    batch = images(3, 2, 5, 4)
    value = bt.TotalVariationLoss(isotropic, reduction="none")(batch)
    expected = [variation(image.numpy(), isotropic) for image in batch]
    np.testing.assert_allclose(value, expected, rtol=1e-13)


def test_total_variation_is_a_border_length():
    row, column = torch.meshgrid(torch.arange(400.0), torch.arange(400.0), indexing="ij")
    # Smooth over some pixels, since the differences across a sharp border only go along the grid.
    distance = torch.hypot(row - 200.0, column - 200.0)
    disc = torch.sigmoid((120.0 - distance) / 4.0)[None, None]
    circle = bt.TotalVariationLoss(isotropic=True)(disc).item()
    assert circle == pytest.approx(2.0 * np.pi * 120.0, rel=2e-3)
    square = bt.TotalVariationLoss()(disc).item()  # the border of the square around it
    assert square == pytest.approx(8.0 * 120.0, rel=2e-3)


@pytest.mark.parametrize("isotropic", [False, True])
def test_a_flat_image_has_no_gradient(isotropic):
    batch = torch.ones(2, 3, 4, 4, requires_grad=True)
    value = bt.TotalVariationLoss(isotropic)(batch)
    (gradient,) = torch.autograd.grad(value, batch, create_graph=True)
    assert value == 0.0
    assert gradient.eq(0.0).all()
    if isotropic:
        (second,) = torch.autograd.grad(gradient.sum(), batch)
        assert second.isfinite().all()


@pytest.mark.parametrize("isotropic", [False, True])
def test_what_is_masked_is_as_if_it_were_not_there(isotropic):
    batch = images(2, 3, 5, 6)
    batch[:, :, :, 4:] = torch.nan
    batch[:, :, 3] = torch.inf
    mask = torch.ones(2, 1, 5, 6, dtype=torch.bool)
    mask[:, :, 3] = mask[:, :, :, 4:] = False
    mask[:, :, 4] = False
    batch.requires_grad_()
    loss = bt.TotalVariationLoss(isotropic, "none")
    value = loss(batch, mask=mask)
    torch.testing.assert_close(value, loss(batch[:, :, :3, :4]))
    torch.testing.assert_close(value, loss(batch, mask=mask.expand(2, 3, 5, 6)))
    (gradient,) = torch.autograd.grad(value.sum(), batch)
    assert gradient.isfinite().all()
    assert gradient[:, :, :3, :4].any()


@pytest.mark.parametrize("shape", [(2, 1, 7), (2, 2, 3, 4, 5)])
def test_signals_and_volumes(shape):
    x = images(*shape)
    axes = range(2, x.ndim)
    by_axis = [np.abs(np.diff(x.numpy(), axis=axis)).sum() for axis in axes]
    assert bt.TotalVariationLoss(reduction="sum")(x).item() == pytest.approx(sum(by_axis))
    if x.ndim == 3:  # both kinds are the same in one dimension
        assert bt.TotalVariationLoss(True, "sum")(x).item() == pytest.approx(sum(by_axis))


class Layers(nn.Module):
    """Two layers, as a list, a dict, or the last one alone."""

    def __init__(self, kind):
        super().__init__()
        torch.manual_seed(1)
        self.kind = kind
        self.low = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Tanh())
        self.high = nn.Conv2d(4, 5, 3, stride=2)
        self.double()

    def forward(self, image):
        low = self.low(image)
        high = self.high(low)
        return {"list": [low, high], "dict": {"low": low, "high": high}, "last": high}[self.kind]


def features(image, layers):
    with torch.no_grad():
        return [x.numpy() for x in layers.eval()(image)]


def by_hand(image, target, weights, style, power=lambda x: x * x):
    """Johnson et al., equations 2 to 4, of one image."""
    pairs = zip(*(features(x[None], Layers("list")) for x in (image, target)), strict=True)
    total = 0.0
    for weight, (found, wanted) in zip(weights, pairs, strict=True):
        _, c, h, w = found.shape
        if style:
            grams = [np.einsum("chw,dhw->cd", x[0], x[0]) / x[0].size for x in (found, wanted)]
            total += weight * power(grams[0] - grams[1]).sum()
        else:
            total += weight * power(found - wanted).sum() / (c * h * w)
    return total


@pytest.mark.parametrize("kind", [bt.FeatureLoss, bt.StyleLoss])
def test_feature_and_style_losses_are_the_formulas(kind):
    style = kind is bt.StyleLoss
    image, target = images(3, 3, 9, 8), images(3, 3, 9, 8, seed=1)
    cases = [
        (kind(Layers("list"), reduction="none"), (1.0, 1.0)),
        (kind(Layers("list"), [0.5, 2.0], reduction="none"), (0.5, 2.0)),
        (kind(Layers("dict"), {"high": 2.0, "low": 0.5}, reduction="none"), (0.5, 2.0)),
        (kind(Layers("dict"), {"low": 3.0}, reduction="none"), (3.0, 0.0)),
        (kind(Layers("last"), reduction="none"), (0.0, 1.0)),
    ]
    for loss, weights in cases:
        expected = [by_hand(x, y, weights, style) for x, y in zip(image, target, strict=True)]
        np.testing.assert_allclose(loss(image, target), expected, rtol=1e-12)
    assert loss(image, target).min() > 1e-4
    robust = kind(Layers("list"), distance=bt.BarronLoss(0.0, 0.1, "none"))  # Cauchy's
    cauchy = lambda x: 0.01 * np.log1p(0.5 * (x / 0.1) ** 2) / 0.01  # noqa: E731
    expected = [
        by_hand(x, y, (1.0, 1.0), style, cauchy) for x, y in zip(image, target, strict=True)
    ]
    assert robust(image, target).item() == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("kind", [bt.FeatureLoss, bt.StyleLoss])
def test_the_extractor_is_frozen(kind):
    layers = Layers("dict").train()
    model = nn.ModuleDict({"loss": kind(layers), "network": nn.Linear(2, 2)}).train()
    before = {name: value.clone() for name, value in layers.state_dict().items()}
    image, target = images(2, 3, 9, 8).requires_grad_(), images(2, 3, 9, 8, seed=1).requires_grad_()
    model["loss"](image, target).backward()
    assert model["network"].training
    assert model["loss"].training
    assert not any(module.training for module in layers.modules())
    assert not any(parameter.requires_grad for parameter in layers.parameters())
    torch.testing.assert_close(layers.state_dict(), before)  # with the statistics of the batches
    assert image.grad.any()
    assert target.grad is None


def test_features_may_be_computed_already():
    image, target = images(2, 3, 9, 8), images(2, 3, 9, 8, seed=1).requires_grad_()
    layers = Layers("dict")
    for kind in (bt.FeatureLoss, bt.StyleLoss):
        expected = kind(layers)(image, target)
        given = kind(nn.Identity())(layers(image), layers(target))
        torch.testing.assert_close(given, expected)
        assert not given.requires_grad


def test_style_does_not_see_where_and_how_large():
    loss = bt.StyleLoss(nn.Identity())
    image, style = images(4, 3, 6, 6), images(1, 3, 4, 4)
    order = torch.randperm(36, generator=torch.Generator().manual_seed(0))
    moved = image.flatten(2)[:, :, order].reshape(image.shape)
    torch.testing.assert_close(loss(moved, style), loss(image, style))
    torch.testing.assert_close(loss(image, style), loss(image, style.expand(4, -1, -1, -1)))
    assert loss(style.tile(1, 1, 2, 3), style).item() == pytest.approx(0.0, abs=1e-30)


IMAGE = torch.zeros(2, 3, 9, 9).double()
WRONG = {
    "input must have shape .n, C, .... with pixels, got .2, 3.": (
        lambda: bt.TotalVariationLoss()(torch.zeros(2, 3))
    ),
    "mask must have shape .2, 3, 9, 9. or .2, 1, 9, 9., got .9, 9.": (
        lambda: bt.TotalVariationLoss()(IMAGE, mask=torch.ones(9, 9, dtype=torch.bool))
    ),
    "target .its features. must have shape": (
        lambda: bt.FeatureLoss(Layers("last"))(IMAGE, IMAGE[:1])
    ),
    "weights must be for the layers .'low', 'high'. .* got .'top': 1.0": (
        lambda: bt.FeatureLoss(Layers("dict"), {"top": 1.0})(IMAGE, IMAGE)
    ),
    "weights must be for the layers .0, 1. .* got .1.0.": (
        lambda: bt.FeatureLoss(Layers("list"), [1.0])(IMAGE, IMAGE)
    ),
    "weights must hold a finite number for each layer, got ..": (
        lambda: bt.StyleLoss(Layers("list"), [])
    ),
    "weights must hold a finite number for each layer, got .'low': nan": (
        lambda: bt.StyleLoss(Layers("dict"), {"low": np.nan})
    ),
    "distance must be a loss module with reduction='none', got MSELoss.. with reduction='mean'": (
        lambda: bt.FeatureLoss(Layers("last"), distance=nn.MSELoss())
    ),
    "extractor must return features of shape .n, C, ...., got .2, 3.": (
        lambda: bt.StyleLoss(nn.Identity())(torch.zeros(2, 3), torch.zeros(2, 3))
    ),
    "target .its Gram matrix. must have shape .2, 3, 3. or .1, 3, 3., got .2, 4, 4.": (
        lambda: bt.StyleLoss(nn.Identity())(IMAGE, torch.zeros(2, 4, 5, 5))
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()


def test_kinds_that_are_wrong():
    with pytest.raises(TypeError, match=r"extractor must be a torch\.nn\.Module, got <built-in"):
        bt.FeatureLoss(len)
    with pytest.raises(TypeError, match="distance must be a loss module, got 'l1'"):
        bt.StyleLoss(nn.Identity(), distance="l1")
    with pytest.raises(TypeError, match=r"mask must be of dtype bool, got torch\.float64"):
        bt.TotalVariationLoss()(IMAGE, mask=IMAGE)
