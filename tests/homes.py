"""A small table for the tests of ``boostloss compare``, and how they call it."""

import numpy as np
import pandas as pd
from typer.testing import CliRunner, Result

from boostloss.compare import cli

ROWS = 120
QUICK = ["--folds", "2", "--rounds", "4", "--thorough", "--threads", "1"]


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


def invoke(*arguments: object, code: int = 0) -> Result:
    """Run the command, which must end with this exit code."""
    result = CliRunner().invoke(cli.app, ["compare", *map(str, arguments)], terminal_width=200)
    assert result.exit_code == code, result.output
    return result
