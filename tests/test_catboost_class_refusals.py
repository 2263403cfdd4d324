"""What several trainings of CatBoost, one for each class, cannot do is refused before they begin."""

import catboost
import numpy as np
import pandas as pd
import pytest
from friedman import LABELS, X

import boostloss as bl
from boostloss.boosting import catboost_lockstep as lockstep
from boostloss.catboost import CatBoostClassifier


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
    monkeypatch.setattr(lockstep.Lockstep, "run", None)


def classifier(loss, **params):
    return CatBoostClassifier(
        loss_function=loss, verbose=False, allow_writing_files=False, **params
    )


@pytest.mark.parametrize(
    ("params", "options", "message"),
    [
        ({}, {"init_model": "x"}, "init_model must not be given"),
        ({}, {"baseline": np.zeros((900, 4))}, "baseline must not be given"),
        ({}, {"callbacks": [1]}, "callbacks must not be given"),
        ({"save_snapshot": True}, {}, "save_snapshot must not be given"),
        ({}, {"graph": [[0, 1]]}, "graph must not be given"),
        ({}, {"plot": True}, "plot must not be given"),
        ({"eval_metric": "AUC"}, {}, "eval_metric must not be given"),
        ({"custom_loss": ["Accuracy"]}, {}, "custom_loss must not be given"),
        ({"embedding_features": [0]}, {}, "embedding_features must not be given"),
        ({"text_features": [0]}, {}, "text_features must not be given"),
        ({"eval_fraction": 0.2}, {}, "eval_fraction must not be given"),
        ({"od_pval": 0.01}, {"eval_set": (X, LABELS)}, "od_pval must not be given"),
        ({"od_type": "IncToDec"}, {}, "od_type must be 'Iter' with Focal.*, got 'IncToDec'"),
        ({"task_type": "GPU"}, {}, "task_type must be 'CPU' with Focal.*, got 'GPU'"),
        ({"classes_count": 5}, {}, "classes_count must be 4 with Focal.*, got 5"),
        ({"class_names": list("abdc")}, {}, r"class_names must be \['a', 'b', 'c', 'd'\] with"),
        ({"scale_pos_weight": 2.0}, {}, "scale_pos_weight must be 1.0 with Focal.*, got 2.0"),
        ({"class_weights": [1.0, 2.0]}, {}, "class_weights must hold 4 numbers"),
        ({"class_weights": {"q": 2.0}}, {}, "class_weights must be of the classes .*, got 'q'"),
        (
            {"class_weights": [1.0] * 4, "auto_class_weights": "Balanced"},
            {},
            "auto_class_weights must not be given with class_weights",
        ),
        ({"target_border": 0.5}, {}, "target_border must not be given"),
        ({}, {"eval_set": (X, np.full(900, "q"))}, "eval_set must hold the classes"),
        ({}, {"eval_set": [(X, LABELS)] * 2}, "eval_set must be one"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_several_trainings_cannot_do_is_refused(params, options, message):
    with pytest.raises(ValueError, match=message):
        classifier(bl.Focal(1.0), **params).fit(X, LABELS, **options)


@pytest.mark.parametrize(
    "params",
    [
        {"simple_ctr": ["Counter"]},
        {"combinations_ctr": ["Borders"]},
        {"per_feature_ctr": ["0:Borders"]},
        {"ctr_target_border_count": 3},
        {"final_ctr_computation_mode": "Skip"},
    ],
    ids=repr,
)
def test_other_statistics_of_categories_are_refused(params):
    table = pd.DataFrame({"a": X[:, 0], "town": "x"})
    with pytest.raises(
        ValueError, match=f"{next(iter(params))} must not be given with cat_features"
    ):
        classifier(bl.Focal(1.0), **params).fit(table, LABELS, cat_features=["town"])


def test_pools_of_what_cannot_be_numbered_are_refused():
    model = classifier(bl.Focal(1.0))
    started = catboost.Pool(X, LABELS, baseline=np.zeros((900, 4)))
    with pytest.raises(ValueError, match="baseline must not be given in X"):
        model.fit(started)
    with pytest.raises(ValueError, match="baseline must not be given in eval_set"):
        model.fit(X, LABELS, eval_set=started)
    vectors = pd.DataFrame({"a": X[:, 0], "e": list(X)})
    embedded = catboost.Pool(vectors, LABELS, embedding_features=["e"])
    with pytest.raises(ValueError, match="X must be a table, not a Pool of"):
        model.fit(embedded)
    quantized = catboost.Pool(X, LABELS)
    quantized.quantize()
    with pytest.raises(ValueError, match="eval_set must be a table, not a Pool of"):
        model.fit(X, LABELS, eval_set=quantized)


@pytest.mark.parametrize("labels", [LABELS, np.eye(4)[np.unique(LABELS, return_inverse=True)[1]]])
def test_labels_and_weights_beside_a_pool_are_refused(labels):
    pool = catboost.Pool(X, labels)
    with pytest.raises(ValueError, match="sample_weight must not be given with a Pool"):
        classifier(bl.Focal(1.0)).fit(pool, sample_weight=np.ones(900))
    with pytest.raises(ValueError, match="y must not be given with a Pool that has labels"):
        classifier(bl.Focal(1.0)).fit(pool, labels[::-1])
