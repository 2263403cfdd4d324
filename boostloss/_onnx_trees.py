"""The trees of fitted models as attributes of ONNX's TreeEnsembleRegressor.

What all rows of an output have in common, such as a mean of a million, stands apart from the trees: the operator
returns float32, which would keep few digits of the rest.
"""

import json
import math
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import treelite

from boostloss.boosting.model_text import add_link
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution

# The numbers of treelite: of an operator (0 is that of a leaf), and of a node that asks for categories.
MODES = "LEAF", "BRANCH_EQ", "BRANCH_LT", "BRANCH_LEQ", "BRANCH_GT", "BRANCH_GTE"
LEAF, CATEGORICAL = 0, 2
NODE = ["treeids", "nodeids", "modes", "featureids", "values", "truenodeids", "falsenodeids"]
NODE.append("missing_value_tracks_true")


class Trees(NamedTuple):
    """The trees that predict.

    Attributes
    ----------
    attributes : dict
        Of the operator.
    constants : list of float
        For each output what is added to the sum of its leaves.
    missing : float
        What stands for a missing value.
    """

    attributes: dict[str, Any]
    constants: list[float]
    missing: float = math.nan


def xgboost_trees(model: Any) -> Trees:
    booster = model.get_booster()
    if booster.attr("best_iteration") is not None:
        booster = booster[: booster.best_iteration + 1]
    saved = json.loads(booster.save_raw("json"))
    trees = saved["learner"]["gradient_booster"]
    trees.get("gbtree", trees).get("model", {}).pop(
        "cats", None
    )  # names of categories: codes go in
    found = tree_ensemble(treelite.frontend.from_xgboost_json, json.dumps(saved))
    return found._replace(missing=model.missing)


def lightgbm_trees(model: Any) -> Trees:
    if "[zero_as_missing: 1]" in model.booster_.model_to_string():
        raise ValueError(
            "boostloss.onnx cannot convert a model with zero_as_missing: give NaN instead."
        )
    booster = model.booster_
    # Treelite knows several scores of classes alone.
    if isinstance(model.loss_, Columns | Distribution) and model.loss_.n_outputs > 1:
        several = f"multiclass num_class:{model.loss_.n_outputs}"
        booster = type(booster)(model_str=add_link(booster.model_to_string(), several))
    return tree_ensemble(treelite.frontend.from_lightgbm, booster)


def catboost_trees(model: Any) -> Trees:
    """The trees as CatBoost itself writes them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        model.save_model(path, format="onnx")
        node, *_ = onnx.load(path).graph.node
    found = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
    if node.op_type == "TreeEnsembleClassifier":  # of several scores, be they of classes or not
        for name in ("ids", "nodeids", "treeids", "weights"):
            found[f"target_{name}"] = found.pop(f"class_{name}")
        for name in ("classlabels_int64s", "classlabels_strings", "post_transform"):
            found.pop(name, None)
        found["n_targets"] = max(found["target_ids"]) + 1
        if hasattr(model, "predict_proba") and len(model.classes_) == 2:
            keep_second(found)
    found.pop("base_values", None)  # the bias in float32
    return Trees(found, np.ravel(model.get_scale_and_bias()[1]).tolist())


def keep_second(found: dict[str, Any]) -> None:
    """Leave one score of two, which are its negative and itself."""
    kept = [place for place, target in enumerate(found["target_ids"]) if target == 1]
    for name in ("target_nodeids", "target_treeids", "target_weights"):
        found[name] = [found[name][place] for place in kept]
    found |= {"target_ids": [0] * len(kept), "n_targets": 1}


TREES = {"xgboost": xgboost_trees, "lightgbm": lightgbm_trees, "catboost": catboost_trees}


def tree_ensemble(load: Callable[[Any], treelite.Model], source: Any) -> Trees:
    """The trees as treelite reads them, in the precision of the library."""
    try:
        model = load(source)
    except treelite.TreeliteError as error:
        raise ValueError(f"treelite cannot read these trees: {error}") from error
    trees = [model.get_tree_accessor(i) for i in range(model.num_tree)]
    rows = [(i, *node) for i, tree in enumerate(trees) for node in nodes(tree)]
    attributes = {
        f"nodes_{name}": list(column)
        for name, column in zip(NODE, zip(*rows, strict=True), strict=True)
    }
    header = model.get_header_accessor()
    constants = np.ravel(header.get_field("base_scores")).astype(np.float64)
    outputs = np.maximum(header.get_field("target_id"), header.get_field("class_id"))
    leaves = [
        (i, j, output, value)
        for i, tree in enumerate(trees)
        for j, output, value in leaf_values(tree, outputs[i])
    ]
    tree, node, target, weight = map(np.array, zip(*leaves, strict=True))
    if model.input_type == "float64":
        for j in np.unique(target):  # whose start LightGBM has in the leaves of its first tree
            first = (target == j) & (tree == tree[target == j].min())
            start = weight[first].mean()
            weight[first] -= start
            constants[j] += start
    names = "treeids", "nodeids", "ids", "weights"
    for name, column in zip(names, (tree, node, target, weight), strict=True):
        attributes[f"target_{name}"] = column.tolist()
    if model.input_type == "float64":
        for name in ("nodes_values", "target_weights"):
            values = np.array(attributes.pop(name))
            attributes[f"{name}_as_tensor"] = onnx.numpy_helper.from_array(values)
    return Trees(attributes | {"n_targets": len(constants)}, constants.tolist())


def leaf_values(tree: Any, output: int) -> Iterator[tuple[int, int, float]]:
    """Node, output and value of the leaves of a tree, which has one output, or a vector of values in each leaf."""
    first, last = (tree.get_field(f"leaf_vector_{end}").tolist() for end in ("begin", "end"))
    vectors, values = tree.get_field("leaf_vector").tolist(), tree.get_field("leaf_value").tolist()
    for i, kind in enumerate(tree.get_field("node_type").tolist()):
        if kind == LEAF and vectors:
            for j, value in enumerate(vectors[first[i] : last[i]]):
                yield i, j, value
        elif kind == LEAF:
            yield i, int(output), values[i]


def nodes(tree: Any) -> Iterator[tuple[Any, ...]]:
    """The nodes of a tree, with what `NODE` lists after the tree; the value of a leaf is that which it adds."""
    names = "node_type cmp split_index cleft cright default_left category_list_right_child"
    kinds, compare, feature, left, right, default_left, matches_right = (
        tree.get_field(name).tolist() for name in names.split()
    )
    first, last = (tree.get_field(f"category_list_{end}").tolist() for end in ("begin", "end"))
    categories = tree.get_field("category_list").tolist()
    value = (
        tree.get_field("threshold") + tree.get_field("leaf_value")
    ).tolist()  # one of them is 0
    further = count(len(kinds))
    for i, kind in enumerate(kinds):
        if kind != CATEGORICAL:
            mode, *children = MODES[compare[i]], max(left[i], 0), max(right[i], 0)
            yield i, mode, max(feature[i], 0), value[i], *children, default_left[i]
            continue
        # One question after another: is it this category?
        yes, no = (right[i], left[i]) if matches_right[i] else (left[i], right[i])
        missing = int(yes == (left[i] if default_left[i] else right[i]))
        codes = categories[first[i] : last[i]] or [-1]
        steps = [i, *(next(further) for _ in codes[1:]), no]
        for code, here, after in zip(codes, steps, steps[1:], strict=False):
            yield here, "BRANCH_EQ", feature[i], float(code), yes, after, missing
