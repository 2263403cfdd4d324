"""The suites of the peers: where they come from, what of ours stands in their tests, and which tests fail and why.

A pattern is one of `tools.peers.naming`.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Variant:
    """What is put in the place of what: a function, and the tests that fail with it alone, each with a sentence."""

    title: str
    substitute: str
    is_theirs: str = ""  # a function of a test: whether it meets only the peer's own
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """Tests of another project.

    Attributes
    ----------
    package : str
        The distribution that must be installed, or the name of the source where none is.
    files : tuple of str
        The tests, from the root of the source; names of modules where they are installed.
    url : str
        Where the source is, of a version; of every file alone if it says ``{file}``. Empty where tests are installed.
    version : str
        The only version known, of what is not installed but imported from its source.
    needs : mapping of str to str
        Modules that the tests import, with the names by which pip installs them.
    others : mapping of str to str
        Tests that are left out, since they test nothing that ours could take the place of, with the reason.
    """

    title: str
    package: str
    files: tuple[str, ...]
    variants: tuple[Variant, ...]
    url: str = ""
    version: str = ""
    needs: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def on_path(self) -> bool:
        """Whether the tests import the package from the source."""
        return bool(self.version)


OURS_ALONE = {  # of the estimators with losses
    "one target": "A loss of ours has one target a row, and no multi-label or multi-output target.",
    "name": "The history of the evaluation has the name of the loss, not that of the library's metric.",
    "words": "The same target is refused, in other words.",
    "default": "The default objective is what the test asks for.",
}


def estimators(failures: Mapping[str, str]) -> tuple[Variant, Variant]:
    """A library's estimators as drop-ins, and with losses of ours, with which these tests fail."""
    return (
        Variant("own objectives", "tools.peers.estimators:drop_in"),
        Variant("our losses", "tools.peers.estimators:with_losses", failures=failures),
    )


def no_gpu() -> bool:
    if importlib.util.find_spec("torch") is None:
        return True
    import torch

    return not torch.cuda.is_available()


SUITES: dict[str, Suite] = {
    "scikit-learn": Suite(
        title="scikit-learn's losses",
        package="scikit-learn",
        files=("sklearn._loss.tests.test_loss",),
        variants=(
            Variant(
                "our losses",
                "tools.peers.scikit_learn:substitute",
                "tools.peers.scikit_learn:is_theirs",
                failures={
                    "test_sample_weight_multiplies[*-random-*]": "The test draws negative weights, which ours refuses.",
                    "test_multinomial_loss_fit_intercept_only": (
                        "Of four classes the test has a label of a fifth, which ours refuses."
                    ),
                    "test_specific_fit_intercept_only[*-loss2-*]": (
                        "Every number between two targets is a best constant of 100 rows at the level 0.25: NumPy's "
                        "percentile takes another than ours, which is their middle."
                    ),
                },
            ),
        ),
        others={
            "test_loss_boundary_y_*": "The intervals of targets and predictions, theirs.",
            "test_init_gradient_and_hessian*": "How arrays are made, theirs.",
            "test_loss_init_parameter_validation*": "What constructors refuse, theirs.",
            "test_log1pexp*": "A function of theirs.",
            "test_multinomial_cy_gradient*": "A method of a type in Cython.",
            "test_cy_loss_classes_module": "The types in Cython.",
            **{
                f"test_tweedie_log_identity_consistency[{power}]": "A power that ours has not."
                for power in ("-1.5", "0", "3")
            },
        },
    ),
    "xgboost": Suite(
        title="XGBoost's estimators",
        package="xgboost",
        files=("tests/python/test_with_sklearn.py", "tests/python/test_early_stopping.py"),
        variants=estimators(
            {
                "test_get_params_works_as_expected": OURS_ALONE["default"],
                "test_kwargs_grid_search": (
                    "The test wants another accuracy for each learning rate: from our start 0.2 and 0.4 have one."
                ),
                "test_estimator_type": (
                    "The classifier's file in the regressor is refused by a ValueError that names the loss."
                ),
                **dict.fromkeys(
                    (
                        "test_boost_from_prediction[*]",
                        "test_multilabel_classification",
                        "test_intercept",
                        "test_sklearn_tags",
                        "test_estimator_reg[*-check_regressor_multioutput]",
                    ),
                    OURS_ALONE["one target"],
                ),
                **dict.fromkeys(
                    ("test_pandas_input", "test_categorical", "test_recoding"),
                    OURS_ALONE["name"],
                ),
                **dict.fromkeys(
                    ("test_fit_none", "test_estimator_reg[*-check_supervised_y_no_nan]"),
                    OURS_ALONE["words"],
                ),
            }
        ),
        url="https://github.com/dmlc/xgboost/archive/refs/tags/v{version}.tar.gz",
    ),
    "lightgbm": Suite(
        title="LightGBM's estimators",
        package="lightgbm",
        files=("tests/python_package_test/test_sklearn.py",),
        variants=estimators(
            {
                **dict.fromkeys(
                    (
                        "test_binary",
                        "test_regression",
                        "test_multiclass",
                        "test_grid_search",
                        "test_evaluate_train_set",
                        "test_metrics",
                        "test_first_metric_only",
                        "test_continue_training_with_model",
                        "test_eval_X_eval_y_eval_set_equivalence",
                    ),
                    OURS_ALONE["name"],
                ),
                **dict.fromkeys(
                    (
                        "test_estimators_all_have_the_same_kwargs_and_defaults[*]",
                        "test_subclassing_get_params_works",
                        "test_multiclass_custom_objective[*]",
                        "test_classifier_fit_detects_classes_every_time",
                    ),
                    OURS_ALONE["default"],
                ),
                "test_objective_aliases[*]": (
                    "The test names another objective by an alias, which ours refuses beside a loss, the default here."
                ),
                "test_random_search": "A random forest, which in LightGBM takes no custom objective.",
                "test_predict": (
                    "Raw scores of many classes: ours begin from scores whose mean is 0, LightGBM's from log "
                    "probabilities; the probabilities are the same."
                ),
                "test_decision_function_and_predict_proba_consistency": (
                    "The decision function of many classes is the logarithm of the probabilities with a loss, not the "
                    "raw scores, from which a number for each row sets it apart."
                ),
                "test_nan_handle": "All weights are zero, which ours refuses.",
            }
        ),
        url="https://github.com/lightgbm-org/LightGBM/archive/refs/tags/v{version}.tar.gz",
    ),
    "catboost": Suite(
        title="CatBoost's estimators",
        package="catboost",
        files=("catboost/python-package/ut/medium/test_with_sklearn.py",),
        variants=estimators({}),
        url="https://raw.githubusercontent.com/catboost/catboost/v{version}/{file}",
    ),
    "robust_loss_pytorch": Suite(
        title="robust_loss_pytorch",
        package="robust_loss_pytorch",
        files=tuple(f"tests/{name}_test.py" for name in ("general", "adaptive", "distribution")),
        variants=(
            Variant(
                "our losses",
                "tools.peers.robust_loss:substitute",
                failures={
                    "*testAlphaEqualsFourDoubleCPU": (
                        "The test allows a relative error of 1e-15 at alpha = 4, where ours has 1.3e-15 in float64."
                    ),
                    "*testInitialAlphaAndScaleAreCorrectSingleCPU": (
                        "The test allows a relative error of 1e-7, less than the last bit of float32, which differs."
                    ),
                    "*testLogPartitionFractionsAreAccurateSingle": (
                        "The test allows 1e-7, where ours, computed in float32, is within 5e-7."
                    ),
                    "*testLossIsBoundedWhenAlphaIsNegative*": (
                        "Of 1% of the rows ours is rounded to the number after the bound that the loss approaches."
                    ),
                },
            ),
        ),
        url="https://github.com/jonbarron/robust_loss_pytorch/archive/{version}.tar.gz",
        version="9831f1db8006105fe7a383312fba0e8bd975e7f6",
        needs={
            "torch": "torch",
            "absl": "absl-py",
            "torch_dct": "torch-dct",
            "mpmath": "mpmath",
            "scipy": "scipy",
        },
        others={
            "*StudentsT*": "Student's distribution is a function of theirs here.",
            "*testSplineCurve*": "The curve of their spline, which ours has not.",
            "*testAnalyaticalPartitionIsCorrect": "The normaliser at fractions by mpmath, theirs.",
        },
    ),
}


def others(suite: Suite) -> dict[str, str]:
    """The tests that are left out here."""
    gpu = (
        {"*GPU*": "There is no GPU here."}
        if suite.package == "robust_loss_pytorch" and no_gpu()
        else {}
    )
    return dict(suite.others) | gpu


def resolve(name: str) -> Any:
    """The function that "package.module:function" names."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)
