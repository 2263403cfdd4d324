"""Scores of predicted distributions."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import beta

import boostloss as bl
from boostloss.metrics import crps, negative_log_likelihood

# Targets in the middle, in the tails, and where a distribution function is rounded to 0 or 1.
PLACES = np.array([*np.linspace(-8.0, 8.0, 81), -1e3, -40.0, 40.0, 1e3, 1e6])


def of_normal(z):
    return z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)


def of_laplace(z):
    return np.abs(z) + np.exp(-np.abs(z)) - 0.75


def of_student_t(z, df):
    tail = beta(0.5, df - 0.5) / beta(0.5, 0.5 * df) ** 2
    t = stats.t(df)
    bulk = z * (2 * t.cdf(z) - 1) + 2 * t.pdf(z) * (df + z * z) / (df - 1)
    return bulk - 2 * np.sqrt(df) / (df - 1) * tail


def of_log_normal(y, s):
    cdf, z = stats.norm.cdf, np.log(y) / s
    return y * (2 * cdf(z) - 1) - 2 * np.exp(s**2 / 2) * (cdf(z - s) + cdf(s / np.sqrt(2)) - 1)


@pytest.mark.parametrize(
    ("loss", "wanted", "tolerance"),
    [
        (bl.Normal(), of_normal, 1e-6),
        (bl.Laplace(), of_laplace, 3e-5),
        (bl.StudentT(1.2), lambda z: of_student_t(z, 1.2), 5e-6),
        (bl.StudentT(4.0), lambda z: of_student_t(z, 4.0), 5e-6),
        (bl.StudentT(30.0), lambda z: of_student_t(z, 30.0), 5e-6),
    ],
    ids=["normal", "laplace", "t1.2", "t4", "t30"],
)
def test_crps_is_that_of_the_literature(loss, wanted, tolerance):
    """Gneiting & Raftery, JASA 2007; Jordan, Krüger & Lerch, JSS 2019."""
    for location, scale in ((0.0, 1.0), (-70.0, 1e-3), (5.0, 1e6)):
        raw = np.array([[location, np.log(scale)]])
        for z in PLACES:
            y = location + scale * z
            found = crps([y], loss.distribution(raw))
            assert found == pytest.approx(scale * wanted((y - location) / scale), rel=tolerance)


@pytest.mark.parametrize("s", [0.1, 0.5, 2.0])
def test_crps_of_the_log_normal_is_that_of_the_literature(s):
    for z in np.linspace(-6.0, 6.0, 41):
        y = np.exp(s * z)
        found = crps([3.0 * y], bl.LogNormal().distribution([[np.log(3.0), np.log(s)]]))
        assert found == pytest.approx(3.0 * of_log_normal(y, s), rel=5e-6)


def test_crps_of_other_distributions_is_that_of_draws():
    """E|X - y| - E|X - X'| / 2, which is the score of Gneiting & Raftery, equation 21."""
    rng = np.random.default_rng(0)
    for distribution in (stats.gamma(2.0), stats.uniform(1.0, 3.0), stats.gumbel_r(0.0, 2.0)):
        draws, others = distribution.rvs((2, 400_000), random_state=rng)
        wanted = np.abs(draws - 1.7).mean() - 0.5 * np.abs(draws - others).mean()
        assert crps([1.7], distribution) == pytest.approx(wanted, abs=0.01)


def test_crps_of_next_to_a_number_is_the_absolute_error():
    raw = np.column_stack([np.zeros(3), np.full(3, -20.0)])
    assert crps([1.0, -2.0, 6.0], bl.Normal().distribution(raw)) == pytest.approx(3.0)


def test_a_likelihood_is_the_loss():
    rng = np.random.default_rng(0)
    y, raw, weight = rng.gamma(2.0, size=50), rng.normal(size=(50, 2)), rng.uniform(size=50)
    for loss in (bl.Normal(), bl.LogNormal(), bl.Laplace(), bl.StudentT()):
        found = negative_log_likelihood(y, loss.distribution(raw), weight)
        assert found == pytest.approx(loss.mean_loss(y, raw, weight))


@pytest.mark.parametrize("score", [crps, negative_log_likelihood])
def test_weights_count_rows(score):
    rng = np.random.default_rng(0)
    y, raw, times = rng.normal(size=30), rng.normal(size=(30, 2)), rng.integers(0, 4, 30)
    loss = bl.StudentT()
    repeated = score(np.repeat(y, times), loss.distribution(np.repeat(raw, times, axis=0)))
    assert score(y, loss.distribution(raw), times) == pytest.approx(repeated)
    assert score(y, stats.norm(1.0, 2.0)) == score(y, stats.norm(np.ones(30), 2.0))


@pytest.mark.parametrize("score", [crps, negative_log_likelihood])
def test_rows_without_a_weight_may_be_impossible(score):
    """A Weibull variable is above 0, and Student's t with half a degree of freedom has an infinite CRPS."""
    weibull = bl.Weibull().distribution(np.zeros((2, 2)))
    assert score([1.0, -1.0], weibull, [2.0, 0.0]) == pytest.approx(score([1.0, 1.0], weibull))
    t = bl.FreeStudentT().distribution([[0.0, 0.0, 0.0], [0.0, 0.0, np.log(0.4)]])
    assert score([1.0, 2.0], t, [2.0, 0.0]) == pytest.approx(score([1.0], stats.t(1.0)))


def test_a_target_without_density_is_infinitely_unlikely():
    weibull = bl.Weibull().distribution(np.zeros((2, 2)))
    assert negative_log_likelihood([1.0, -1.0], weibull, [1.0, 0.1]) == np.inf


def test_crps_is_infinite_where_tails_are_too_heavy():
    rows = np.log([[1.0, 1.0, 0.5], [1.0, 1.0, 0.6]])
    log_logistic = np.log([[1.0, 2.0], [1.0, 1.9]])
    for loss, raw in ((bl.FreeStudentT(), rows), (bl.LogLogistic(), log_logistic)):
        assert crps([1.0, 1.0], loss.distribution(raw)) == np.inf
        assert np.isfinite(crps([1.0], loss.distribution(raw[1:])))
    for given in (stats.t(0.5), stats.t(df=0.5), stats.fisk(c=0.5), stats.fisk(0.5)):
        assert crps([1.0, 3.0], given) == np.inf
    assert np.isfinite(crps([1.0], stats.t(df=0.6)))


@pytest.mark.parametrize("score", [crps, negative_log_likelihood])
def test_a_right_distribution_scores_best(score):
    y = np.random.default_rng(0).normal(3.0, 2.0, 20_000)
    right = score(y, stats.norm(3.0, 2.0))
    for location, scale in ((3.3, 2.0), (3.0, 1.7), (3.0, 2.3)):
        assert score(y, stats.norm(location, scale)) > right


def test_many_rows_take_little_memory(monkeypatch):
    y, distribution = np.linspace(-3.0, 3.0, 100), stats.norm(0.0, 1.0)
    at_once = crps(y, distribution)
    for quantiles in (700, 1):
        monkeypatch.setattr("boostloss.metrics.AT_ONCE", quantiles)
        assert crps(y, distribution) == pytest.approx(at_once, rel=1e-12)


@pytest.mark.parametrize("score", [crps, negative_log_likelihood])
@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        ([1.0], None, "y_true must have a target for each of 2 distributions, got 1"),
        ([], None, "y_true must have a target for each of 2 distributions, got 0"),
        ([1.0, np.nan], None, "y_true must be finite, got nan in row 1"),
        ([1.0, 2.0], [1.0], "sample_weight has 1 rows, y_true has 2"),
        (
            [1.0, 2.0],
            [1.0, -1.0],
            "sample_weight must be finite and >= 0, 1e150 at most, got -1.0 in row 1",
        ),
        ([1.0, 2.0], [0.0, 0.0], "sample_weight must have a weight above 0"),
    ],
)
def test_what_cannot_be_scored_is_refused(score, y, weight, message):
    with pytest.raises(ValueError, match=message):
        score(y, bl.Normal().distribution(np.zeros((2, 2))), weight)


def test_counts_have_a_likelihood_and_no_crps():
    counts = bl.NegativeBinomialDistribution()
    y, raw = [1.0, 2.0], [[1.0, 0.0], [2.0, 0.0]]
    p = counts.distribution(raw)
    assert negative_log_likelihood(y, p) == pytest.approx(counts.mean_loss(y, raw), rel=1e-9)
    with pytest.raises(ValueError, match="must be continuous for the CRPS"):
        crps(y, p)


def test_a_mean_of_the_largest_scores_is_finite():
    """The sum of the scores is not, nor is a product with a weight."""
    distribution = bl.Normal().distribution(np.zeros((3, 2)))
    y = [1.7e308, 1.7e308, 1.7e308]
    assert crps(y, distribution) == pytest.approx(1.7e308)
    assert crps(y, distribution, [127, 1, 0]) == pytest.approx(1.7e308)
