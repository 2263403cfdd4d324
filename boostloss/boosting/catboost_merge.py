"""Several CatBoost models of one raw prediction each as one model of as many.

CatBoost's JSON says all that a model is, and is read by the same library: the trees of the j-th model get leaves of k
values, all zero but the j-th, and the borders, one-hot values and statistics of categories become those of all models.
"""

import json
import tempfile
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import catboost
import numpy as np

NO_HASH = str(
    2**64 - 1
)  # of an empty place of CatBoost's table, which it writes with an arbitrary number


def merge(
    models: Sequence[catboost.CatBoost],
    loss_function: str = "MultiRMSE",
    class_names: Any = None,
    one_against_all: bool = False,
    n_trees: int | None = None,
) -> catboost.CatBoost:
    """One CatBoost model, whose j-th raw prediction is that of the j-th model.

    Parameters
    ----------
    models : sequence of catboost.CatBoost
        Of one raw prediction each, trained on the same columns. Statistics of categories that depend on the target must
        be the same where two models use the same ones: train all of them on the same targets.
    loss_function : str
        What the model states as its loss: "MultiRMSE", "MultiQuantile:alpha=0.1,0.9", "MultiClass". "MultiClass" has
        CatBoost take the softmax as probabilities.
    class_names : sequence, optional
        All integers, all floats or all strings, for "MultiClass".
    one_against_all : bool
        Whether the targets of the j-th model have one border, and the rows above it are those of the j-th class: each
        row is above the border of one model. Statistics of categories ("Borders") then become parts of one table.
    n_trees : int, optional
        How many trees of each model to take; CatBoost itself shrinks symmetric trees only.

    Returns
    -------
    catboost.CatBoost
        The model, with the feature names of the first.

    Raises
    ------
    ValueError
        If the models do not agree, or cannot be written as JSON.
    """
    if any(model.get_scale_and_bias()[0] != 1.0 for model in models):
        raise ValueError("a model's scale must be 1.")
    documents = [_document(model) for model in models]
    if one_against_all:
        _join_classes(documents)
    merged: dict[str, Any] = {
        "model_info": _information(documents[0]["model_info"], loss_function, class_names),
        "features_info": _features([each.get("features_info", {}) for each in documents]),
        "scale_and_bias": [1, [float(model.get_scale_and_bias()[1]) for model in models]],
    }
    statistics = _statistics([each.get("ctr_data") or {} for each in documents])
    if statistics:
        merged["ctr_data"] = statistics
    places = {key: place for place, key in enumerate(_splits(merged["features_info"]))}
    # CatBoost knows one kind of trees in a model.
    kind = "trees" if any(each.get("trees") for each in documents) else "oblivious_trees"
    several = []
    for j, (model, document) in enumerate(zip(models, documents, strict=True)):
        own = document.get(kind) or []
        if document.get("oblivious_trees") and kind == "trees":
            own = [_as_tree(tree) for tree in document["oblivious_trees"]]
        moved = [places[key] for key in _splits(document.get("features_info", {}))]
        own = own[:n_trees]
        if kind == "oblivious_trees":
            _widen_oblivious(own, model.get_leaf_values(), moved, j, len(models))
        else:
            _widen(own, moved, j, len(models))
        several.append(own)
    # Round by round, so that the first trees are those of the first rounds.
    trees = [
        tree for of_a_round in zip_longest(*several) for tree in of_a_round if tree is not None
    ]
    merged[kind] = trees
    if not trees:  # CatBoost reads the number of raw predictions from a tree
        merged["oblivious_trees"] = [_nothing(len(models))]
    return _loaded(merged)


def _document(model: catboost.CatBoost) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        try:
            model.save_model(str(path), format="json")
        except catboost.CatBoostError as error:
            raise ValueError(f"the model cannot be merged: {error}") from error
        return json.loads(path.read_bytes())


def _loaded(document: dict[str, Any]) -> catboost.CatBoost:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        path.write_text(json.dumps(document, separators=(",", ":")))
        return catboost.CatBoost().load_model(str(path), format="json")


def _information(info: dict[str, Any], loss_function: str, class_names: Any) -> dict[str, Any]:
    """What the merged model says of itself."""
    info = {key: value for key, value in info.items() if key not in ("training", "class_params")}
    name, _, written = loss_function.partition(":")
    stated = dict(part.split("=", 1) for part in written.split(";") if part)
    params = dict(info.get("params") or {})
    params["loss_function"] = {"type": name, "params": stated}
    params["flat_params"] = dict(params.get("flat_params") or {}) | {"loss_function": loss_function}
    for unreadable in ("eval_metric", "custom_metric", "callbacks"):
        params["flat_params"].pop(unreadable, None)
    params["metrics"] = {
        "custom_metrics": [],
        "eval_metric": params["loss_function"],
        "objective_metric": params["loss_function"],
    }
    info["params"] = params
    if class_names is not None:
        names = np.asarray(class_names).tolist()
        kind = {int: "Integer", float: "Float", str: "String", bool: "Boolean"}[type(names[0])]
        info["class_params"] = {
            "class_label_type": kind,
            "class_names": names,
            "class_to_label": list(range(len(names))),
            "classes_count": 0,
        }
    return info


def _features(infos: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The features of all models, with the borders and values that any of them asks for."""
    merged: dict[str, Any] = {}
    for kind in ("float_features", "categorical_features"):
        columns: dict[int, dict[str, Any]] = {}
        for feature in (each for info in infos for each in info.get(kind) or []):
            index = feature["feature_index"]
            known = columns.setdefault(index, feature | {"borders": [], "values": []})
            if known["feature_id"] != feature["feature_id"]:
                raise ValueError("the models must be trained on the same columns.")
            known["borders"] = sorted({*known["borders"], *feature.get("borders", [])})
            known["values"] = _union(known["values"], feature.get("values", []))
            if feature.get("has_nans"):  # the others have no border that would tell
                known["has_nans"] = True
            if feature.get("nan_value_treatment", "AsIs") != "AsIs":
                known["nan_value_treatment"] = feature["nan_value_treatment"]
        for feature in columns.values():
            feature.pop("string_values", None)
            if kind == "categorical_features":
                del feature["borders"]
            if not feature["values"]:
                del feature["values"]
        if columns:
            merged[kind] = [columns[index] for index in sorted(columns)]
    statistics: dict[tuple[Any, ...], dict[str, Any]] = {}
    for statistic in (each for info in infos for each in info.get("ctrs") or []):
        known = statistics.setdefault(_statistic_key(statistic), statistic | {"borders": []})
        known["borders"] = sorted({*known["borders"], *statistic["borders"]})
    if statistics:
        merged["ctrs"] = [statistics[key] for key in sorted(statistics)]
    return merged


def _union(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys([*first, *second]))


def _statistic_key(statistic: dict[str, Any]) -> tuple[Any, ...]:
    names = ("identifier", "target_border_idx", "prior_numerator", "prior_denomerator", "shift")
    return (*(statistic[name] for name in names), statistic["scale"])


def _splits(info: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    """What every index of a split means, in CatBoost's order."""
    for feature in info.get("float_features") or []:
        for border in feature["borders"]:
            yield "float", feature["feature_index"], border
    for feature in info.get("categorical_features") or []:
        for value in feature.get("values", []):
            yield "category", feature["feature_index"], value
    for statistic in info.get("ctrs") or []:
        for border in statistic["borders"]:
            yield "statistic", _statistic_key(statistic), border


def _statistics(tables: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The tables of all models: the same ones must be equal."""
    merged: dict[str, Any] = {}
    for table in tables:
        for key, data in table.items():
            rows = _table_rows(data)
            known = merged.setdefault(key, (rows, data))
            if known[0] != rows or known[1]["counter_denominator"] != data["counter_denominator"]:
                raise ValueError(
                    "the models' statistics of categories must be of the same targets and rows."
                )
    return {
        key: data
        | {"hash_map": [each for row in sorted(rows.items()) for each in (row[0], *row[1])]}
        for key, (rows, data) in merged.items()
    }


def _join_classes(documents: Sequence[dict[str, Any]]) -> None:
    """Turn every model's share of its own class ("Borders") into that of a class of a table of all ("Buckets")."""
    k = len(documents)
    joined: dict[str, dict[str, list[int]]] = {}
    for j, document in enumerate(documents):
        for key, data in (document.get("ctr_data") or {}).items():
            if json.loads(key)["type"] == "Borders":
                for row, (rest, own) in _table_rows(data).items():
                    # The last number is of the classes whose models do not ask.
                    counts = joined.setdefault(key, {}).setdefault(row, [0] * k + [rest + own])
                    counts[j] = own
    for counts in (each for table in joined.values() for each in table.values()):
        counts[-1] -= sum(counts[:-1])
    for j, document in enumerate(documents):
        for statistic in document["features_info"].get("ctrs") or []:
            if statistic["ctr_type"] == "Borders":
                if statistic["target_border_idx"]:
                    raise ValueError("the statistics of categories must have one border.")
                statistic["ctr_type"] = "Buckets"
                statistic["identifier"] = _as_buckets(statistic["identifier"])
                statistic["target_border_idx"] = j
        tables = document.get("ctr_data") or {}
        for key in [key for key in tables if key in joined]:
            del tables[key]
            tables[_as_buckets(key)] = {
                "counter_denominator": 0,
                "hash_map": [
                    each for row, counts in joined[key].items() for each in (row, *counts)
                ],
                "hash_stride": k + 2,
            }


def _as_buckets(identifier: str) -> str:
    return json.dumps(json.loads(identifier) | {"type": "Buckets"}, separators=(",", ":"))


def _table_rows(data: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The statistics by the hash of the categories, without those of the empty places of CatBoost's table."""
    each, stride = data["hash_map"], data["hash_stride"]
    rows = {each[i]: tuple(each[i + 1 : i + stride]) for i in range(0, len(each), stride)}
    rows.pop(NO_HASH, None)
    if any(number != int(number) for row in rows.values() for number in row):
        raise ValueError(  # CatBoost reads whole numbers only: means of a target of more than two values
            "statistics of categories must be counts, as those of Borders, Buckets and Counter are."
        )
    return rows


def _widen_oblivious(
    trees: list[dict[str, Any]], values: Any, moved: Sequence[int], j: int, k: int
) -> None:
    offset = 0
    for tree in trees:
        n_leaves = 1 << len(tree.get("splits") or [])
        leaves = np.zeros((n_leaves, k))
        leaves[:, j] = values[offset : offset + n_leaves]  # exact, which the JSON is not
        offset += n_leaves
        tree["leaf_values"] = leaves.ravel().tolist()
        for split in tree.get("splits") or []:
            split["split_index"] = moved[split["split_index"]]


def _widen(trees: Iterable[dict[str, Any]], moved: Sequence[int], j: int, k: int) -> None:
    nodes = list(trees)
    while nodes:
        node = nodes.pop()
        if "split" in node:
            node["split"]["split_index"] = moved[node["split"]["split_index"]]
            nodes += [node["left"], node["right"]]
        else:
            node["value"] = [node["value"] if i == j else 0.0 for i in range(k)]


def _as_tree(tree: dict[str, Any]) -> dict[str, Any]:
    """An oblivious tree as one whose nodes ask on their own; the last split is that of the root."""
    values, weights = tree["leaf_values"], tree["leaf_weights"]
    level: list[dict[str, Any]] = [
        {"value": value, "weight": weight} for value, weight in zip(values, weights, strict=True)
    ]
    for split in tree.get("splits") or []:
        level = [
            {"split": dict(split), "left": left, "right": right}
            for left, right in zip(level[::2], level[1::2], strict=True)
        ]
    return level[0]


def _nothing(k: int) -> dict[str, Any]:
    return {"leaf_values": [0.0] * k, "leaf_weights": [0.0], "splits": []}
