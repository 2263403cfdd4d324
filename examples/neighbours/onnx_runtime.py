"""ONNX: a focal classifier in onnxruntime, with the probabilities of `predict_proba`."""

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import make_classification

import boostloss as bl
import boostloss.onnx  # teaches skl2onnx the estimators
from boostloss.lightgbm import LGBMClassifier

X, y = make_classification(500, weights=[0.9], random_state=0)
label = np.where(y == 1, "fraud", "usual")
model = LGBMClassifier(objective=bl.Focal(2.0), n_estimators=20, verbose=-1).fit(X, label)

graph = to_onnx(model, X[:1])  # the type of X is that of the graph's input
session = onnxruntime.InferenceSession(graph.SerializeToString())
found, probability = session.run(None, {"X": X})
print("labels equal:", (found == model.predict(X)).all())
error = np.abs(probability - model.predict_proba(X)).max()
print("probabilities equal:", error < 1e-5)
