"""One record for each boosting library: the names that adapters, comparison, benchmarks and tests need.

A further library is a record here and a module of its name, ``boostloss.<name>``, with its estimators.
"""

import importlib
import importlib.util
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Library:
    """What a library calls its things.

    Attributes
    ----------
    name : str
        Of its package, of the module here that adapts it, and of the extra that installs it.
    title : str
        As its authors write it.
    estimators : mapping of str to str
        Its class for each task; the drop-in one has the same name.
    objective, rounds, learning_rate, threads, seed, early_stopping : str
        Names of the estimators' parameters; the last one is for how many rounds may pass without an improvement.
    own_objectives : mapping of str to tuple of str
        For each task, for more classes than two ("multiclass"), for one or several quantiles ("quantile", "quantiles"),
        for counts and amounts ("amounts") and for whole distributions ("distributions"), the objectives that are
        compared with ours, as `parameters` reads them; ``{huber}`` stands for the threshold of a Huber loss,
        ``{quantile}`` for a level or a list of them, ``{listed}`` for levels with commas.
    minimised : mapping of str to str
        The loss of ours that each own objective minimises, as `boostloss.from_string` reads it.
    own_start : mapping of str to mapping
        For each of these kinds but "quantile": parameters with which own objectives start from 0, or, where they have
        classes or several levels, from the best constants if the library can.
    like_ours : callable
        Of a loss: parameters with which the own objective is regularised as the loss is; empty where it is anyway.
    mean_absolute_error : mapping of str to str
        The parameter that makes an own objective stop by the mean absolute error.
    kept_rounds : callable
        Of a fitted estimator: how many rounds it predicts with.
    metric_history : callable
        Of a fitted estimator: for each evaluation set and metric a value for each round.
    continue_from : str
        The parameter of `fit` that takes the model from which to go on.
    first_rounds : callable
        Of a fitted estimator and a number of rounds: the option that makes `predict` use only so many, the first ones.
    raw_prediction : mapping
        The option that makes `predict` return raw predictions.
    settings : mapping
        Parameters for fits that are silent, repeat exactly, and take a table with categories.
    fit_options : callable
        Gives the same for `fit`.
    evaluation : callable
        Of a table, a target, weights or None, and the columns that hold text: the options of `fit` for the rows by
        which it stops.
    several : frozenset of str
        Of "quantiles", "multiclass" and "distributions", the kinds of several outputs that the drop-in estimators
        train.
    level_by_level : bool
        Whether the own objective of several quantiles is a model for each of them.
    text_categories : bool
        Whether categories must be text without missing values, in columns that ``cat_features`` names.
    modules : frozenset of str
        Packages whose frames lie between a user's code and a loss that the library calls.
    """

    name: str
    title: str
    estimators: Mapping[str, str]
    own_objectives: Mapping[str, tuple[str, ...]]
    minimised: Mapping[str, str]
    own_start: Mapping[str, Mapping[str, Any]]
    mean_absolute_error: Mapping[str, str]
    kept_rounds: Callable[[Any], int]
    metric_history: Callable[[Any], dict[str, dict[str, list[float]]]]
    continue_from: str
    first_rounds: Callable[[Any, int], dict[str, Any]]
    raw_prediction: Mapping[str, Any]
    evaluation: Callable[[Any, Any, Any, list[str]], dict[str, Any]]
    objective: str = "objective"
    rounds: str = "n_estimators"
    learning_rate: str = "learning_rate"
    threads: str = "n_jobs"
    seed: str = "random_state"
    early_stopping: str = "early_stopping_rounds"
    settings: Mapping[str, Any] = field(default_factory=dict)
    fit_options: Callable[[], dict[str, Any]] = dict
    like_ours: Callable[[Any], dict[str, Any]] = lambda loss: {}
    several: frozenset[str] = frozenset()
    level_by_level: bool = False
    text_categories: bool = False
    modules: frozenset[str] = frozenset()

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.name) is not None

    def estimator_name(self, task: str) -> str:
        """That of the class for a task: the classifier has any number of classes."""
        return self.estimators["binary" if task == "multiclass" else task]

    def estimator(self, task: str, own: bool = False) -> Any:
        """The drop-in class for a task, or the library's own of the same name."""
        module = importlib.import_module(self.name if own else f"boostloss.{self.name}")
        return getattr(module, self.estimator_name(task))

    def parameters(self, objective: Any) -> dict[str, Any]:
        """The parameters that choose an objective: "huber(alpha=2.0)" gives objective and alpha."""
        if not isinstance(objective, str):
            return {self.objective: objective}
        name, _, argument = objective.rstrip(")").partition("(")
        key, _, value = argument.partition("=")
        return {self.objective: name} | ({key: json.loads(value)} if key else {})


def _hessian_of_some_rows(loss: Any) -> dict[str, Any]:
    """XGBoost's defaults in our unit of the Hessian, in which a row of a quantile counts for less than one.

    Of several quantiles, which have one such parameter together, the outermost decides.
    """
    from boostloss.boosting.gradients import row_share

    rows = 1.0 / min(map(row_share, getattr(loss, "columns", (loss,))))
    return {} if rows == 1.0 else {"min_child_weight": rows, "reg_lambda": rows}


def _several_leaf_steps(loss: Any) -> dict[str, Any]:
    """The leaf steps of our CatBoost estimators at a given learning rate, none of which is ever halved."""
    from boostloss.boosting.catboost_training import leaf_steps

    steps = leaf_steps(loss, {"learning_rate": ...})
    no_halving = {"leaf_estimation_backtracking": "No"}
    return {} if steps == 1 else {"leaf_estimation_iterations": steps} | no_halving


def trees_per_round(model: Any) -> int:
    """How many trees a round of our CatBoost estimators has: one, or one of each training."""
    return (vars(model).get("trainings_") or {}).get("trees_per_round", 1)


XGBOOST = Library(
    name="xgboost",
    title="XGBoost",
    estimators={"regression": "XGBRegressor", "binary": "XGBClassifier"},
    own_objectives={
        "regression": (
            "reg:squarederror",
            "reg:absoluteerror",
            "reg:pseudohubererror(huber_slope={huber})",
        ),
        "quantile": ("reg:quantileerror(quantile_alpha={quantile})",),
        "quantiles": ("reg:quantileerror(quantile_alpha={quantile})",),
        "amounts": ("count:poisson", "reg:tweedie(tweedie_variance_power=1.5)"),
        "distributions": (),
        "binary": ("binary:logistic",),
        "multiclass": ("multi:softprob",),
    },
    minimised={
        "reg:squarederror": "SquaredError()",
        "reg:absoluteerror": "Quantile(0.5)",
        "reg:pseudohubererror(huber_slope={huber})": "Charbonnier({huber})",
        "reg:quantileerror(quantile_alpha={quantile})": "Quantile({quantile})",
        "count:poisson": "Poisson()",
        "reg:tweedie(tweedie_variance_power=1.5)": "Tweedie(1.5)",
        "binary:logistic": "Logistic()",
        "multi:softprob": "Logistic()",
    },
    own_start={
        "regression": {"base_score": 0.0},
        "quantiles": {},
        "amounts": {},
        "binary": {},
        "multiclass": {},
    },
    like_ours=_hessian_of_some_rows,
    mean_absolute_error={"eval_metric": "mae"},
    kept_rounds=lambda model: model.best_iteration + 1,
    metric_history=lambda model: model.evals_result(),
    continue_from="xgb_model",
    first_rounds=lambda model, count: {"iteration_range": (0, count)},
    raw_prediction={"output_margin": True},
    evaluation=lambda X, y, weight, text: {
        "eval_set": [(X, y)],
        "sample_weight_eval_set": None if weight is None else [weight],
    },
    several=frozenset({"quantiles", "multiclass", "distributions"}),
    settings={"enable_categorical": True},
    fit_options=lambda: {"verbose": False},
    modules=frozenset({"xgboost"}),
)

LIGHTGBM = Library(
    name="lightgbm",
    title="LightGBM",
    estimators={"regression": "LGBMRegressor", "binary": "LGBMClassifier"},
    own_objectives={
        "regression": ("regression", "regression_l1", "huber(alpha={huber})"),
        "quantile": ("quantile(alpha={quantile})",),
        "quantiles": ("quantile(alpha={quantile})",),
        "amounts": ("poisson", "tweedie(tweedie_variance_power=1.5)"),
        "distributions": (),
        "binary": ("binary",),
        "multiclass": ("multiclass",),
    },
    minimised={
        "regression": "SquaredError()",
        "regression_l1": "Quantile(0.5)",
        "huber(alpha={huber})": "Huber({huber})",
        "quantile(alpha={quantile})": "Quantile({quantile})",
        "poisson": "Poisson()",
        "tweedie(tweedie_variance_power=1.5)": "Tweedie(1.5)",
        "binary": "Logistic()",
        "multiclass": "Logistic()",
    },
    own_start={
        "regression": {"boost_from_average": False},
        "amounts": {},
        "binary": {},
        "multiclass": {},
    },
    mean_absolute_error={"metric": "l1"},
    kept_rounds=lambda model: model.best_iteration_ or model.n_estimators,
    metric_history=lambda model: model.evals_result_,
    continue_from="init_model",
    first_rounds=lambda model, count: {"num_iteration": count},
    raw_prediction={"raw_score": True},
    evaluation=lambda X, y, weight, text: {
        "eval_set": [(X, y)],
        "eval_sample_weight": [weight],
    },
    early_stopping="early_stopping_round",
    several=frozenset({"quantiles", "multiclass", "distributions"}),
    level_by_level=True,
    # Else it times two layouts and takes the faster one, so that a run would not repeat.
    settings={"verbosity": -1, "deterministic": True, "force_row_wise": True},
    modules=frozenset({"lightgbm"}),
)

CATBOOST = Library(
    name="catboost",
    title="CatBoost",
    estimators={"regression": "CatBoostRegressor", "binary": "CatBoostClassifier"},
    own_objectives={
        "regression": ("RMSE", "MAE", "Huber:delta={huber}"),
        "quantile": ("Quantile:alpha={quantile}",),
        "quantiles": ("MultiQuantile:alpha={listed}",),
        "amounts": ("Poisson", "Tweedie:variance_power=1.5"),
        "distributions": ("RMSEWithUncertainty",),
        "binary": ("Logloss",),
        "multiclass": ("MultiClass",),
    },
    minimised={
        "RMSE": "SquaredError()",
        "MAE": "Quantile(0.5)",
        "Huber:delta={huber}": "Huber({huber})",
        "Quantile:alpha={quantile}": "Quantile({quantile})",
        "MultiQuantile:alpha={listed}": "Quantile({quantile})",
        "Poisson": "Poisson()",
        "Tweedie:variance_power=1.5": "Tweedie(1.5)",
        "RMSEWithUncertainty": "Normal()",
        "Logloss": "Logistic()",
        "MultiClass": "Logistic()",
    },
    own_start={
        "regression": {"boost_from_average": False},
        "quantiles": {"boost_from_average": True},
        "amounts": {},  # starts from a mean of 1
        "distributions": {},  # starts from the best constants
        "binary": {"boost_from_average": True},
        "multiclass": {},  # starts from equal scores: CatBoost has no other start for it
    },
    like_ours=_several_leaf_steps,
    mean_absolute_error={"eval_metric": "MAE"},
    kept_rounds=lambda model: model.tree_count_ // trees_per_round(model),
    metric_history=lambda model: model.evals_result_,
    continue_from="init_model",
    first_rounds=lambda model, count: {"ntree_end": count * trees_per_round(model)},
    raw_prediction={"prediction_type": "RawFormulaVal"},
    evaluation=lambda X, y, weight, text: {
        "eval_set": (X, y)
        if weight is None
        else importlib.import_module("catboost").Pool(X, y, text, weight=weight)
    },
    several=frozenset({"quantiles", "multiclass", "distributions"}),
    objective="loss_function",
    rounds="iterations",
    threads="thread_count",
    seed="random_seed",
    settings={"verbose": False, "allow_writing_files": False},
    # It warns of large targets even when it is not verbose.
    fit_options=lambda: {"log_cout": io.StringIO(), "log_cerr": io.StringIO()},
    text_categories=True,
    modules=frozenset({"catboost", "_catboost"}),
)

LIBRARIES: dict[str, Library] = {record.name: record for record in (XGBOOST, LIGHTGBM, CATBOOST)}
