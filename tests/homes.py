"""A small table for the tests of ``boostloss compare``."""

import numpy as np
import pandas as pd

ROWS = 120


def homes() -> pd.DataFrame:
    """Return a table with a price to predict, whether sold (text), a category and numbers with holes."""
    rng = np.random.default_rng(0)
    size = rng.gamma(4.0, 25.0, ROWS)
    town = rng.choice(["Aix", "Bonn", "Cork"], ROWS)
    price = 3.0 * size + 40.0 * (town == "Bonn") + rng.standard_t(3, ROWS) * 10
    sold = np.where(price + rng.normal(0, 40, ROWS) > np.median(price), "yes", "no")
    town = np.where(np.arange(ROWS) % 10 == 0, None, town)
    age = np.where(np.arange(ROWS) % 7 == 0, np.nan, rng.integers(0, 80, ROWS))
    return pd.DataFrame({"size": size, "town": town, "age": age, "price": price, "sold": sold})
