"""A classifier goes on from a model of its own classes only: its trees are for positions of classes."""

import numpy as np
import pytest
from boosting import SIGNAL, X
from drop_in import drop_in, each_library, fit

import boostloss as bl

GO_ON = {"xgboost": "xgb_model", "lightgbm": "init_model", "catboost": "init_model"}
AILING = np.where(SIGNAL > 0.0, "sick", "healthy")


def gone_on(library, model, y):
    return fit(library, drop_in(library, bl.Focal(), rounds=3), X, y, **{GO_ON[library]: model})


@each_library
def test_a_model_of_other_classes_is_refused(library):
    first = fit(library, drop_in(library, bl.Focal()), X, AILING)
    for other in (
        np.where(SIGNAL > 0.0, "sick", "well"),  # whose order differs, too
        np.where(SIGNAL > 1.0, "very sick", AILING),
    ):
        with pytest.raises(Exception, match=r"classes|[Cc]lass label"):
            gone_on(library, first, other)


@each_library
def test_a_model_of_the_same_classes_is_improved(library, tmp_path):
    first = fit(library, drop_in(library, bl.Focal(), rounds=2), X, AILING)
    models = [first]
    if library != "catboost":
        first.save_model(str(tmp_path / "model.json"))
        models.append(str(tmp_path / "model.json"))
    for model in models:
        found = gone_on(library, model, AILING)
        of_own = np.arange(len(X)), (AILING == "sick").astype(int)
        before, after = (np.log(m.predict_proba(X)[of_own]).mean() for m in (first, found))
        assert before < after
        assert found.classes_.tolist() == ["healthy", "sick"]
