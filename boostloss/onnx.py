"""ONNX: importing this module teaches skl2onnx the six estimators, alone and as steps of a pipeline.

``skl2onnx.to_onnx(model, X[:1])`` then gives a graph whose trees are those of the model and whose last nodes are the
inverse link of its loss, in plain operators: it computes `predict` of a regressor, labels and `predict_proba` of a
classifier, focal's recovered posterior among them, wherever onnxruntime runs, without this package. Of a distribution
it has the raw predictions, a column for each of `outputs`, of which `Distribution.distribution` makes the rest.

A category goes in as its code: the position among the categories of the pandas column that trained, NaN if missing.
"""

import math
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import Int64TensorType, guess_proto_type, guess_tensor_type
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)

from boostloss import ops, special
from boostloss._onnx_trees import TREES
from boostloss.boosting.libraries import LIBRARIES
from boostloss.decisions import threshold_of
from boostloss.formulas.classes import class_odds
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution

FLOAT, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
INT64, TEXT = onnx.TensorProto.INT64, onnx.TensorProto.STRING
MUTED = 1e300  # less than it is nothing beside any score


class Number(ops.Operand):
    """A number that nodes of a graph compute, for what is written in the language of `boostloss.ops`."""

    rank = 2

    def __init__(self, scope: Any, container: Any, name: str) -> None:
        self.scope, self.container, self.name = scope, container, name

    def then(self, kind: str, *others: Any, output: str | None = None, **options: Any) -> "Number":
        """What an operator makes of it and of others, under a name that is given or new."""
        name = output or self.scope.get_unique_variable_name(kind)
        inputs = [self, *(x if isinstance(x, Number) else self.constant(x) for x in others)]
        options["name"] = self.scope.get_unique_operator_name(kind)
        self.container.add_node(kind, [x.name for x in inputs], [name], **options)
        return Number(self.scope, self.container, name)

    def constant(self, values: Any, kind: int = DOUBLE) -> "Number":
        """A number or an array that the graph holds."""
        name, array = self.scope.get_unique_variable_name("constant"), np.asarray(values)
        self.container.add_initializer(name, kind, array.shape, array.ravel().tolist())
        return Number(self.scope, self.container, name)

    def cast(self, kind: int, output: str | None = None) -> "Number":
        return self.then("Cast", output=output, to=kind)

    def __neg__(self) -> "Number":
        return self.then("Neg")

    def __abs__(self) -> "Number":
        return self.then("Abs")

    def __ne__(self, other: Any) -> Any:
        return (self == other).then("Not")

    __hash__ = object.__hash__


def applied(kind: str, *operands: Any, **options: Any) -> Number:
    """What an operator makes of numbers, one of them of a graph."""
    graph = next(x for x in operands if isinstance(x, Number))
    first, *others = (x if isinstance(x, Number) else graph.constant(x) for x in operands)
    return first.then(kind, *others, **options)


ARITHMETIC = {"add": "Add", "sub": "Sub", "mul": "Mul", "truediv": "Div", "and": "And", "or": "Or"}
COMPARISONS = {"lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual"}
for _name, _kind in (ARITHMETIC | COMPARISONS | {"eq": "Equal"}).items():
    setattr(Number, f"__{_name}__", lambda a, b, kind=_kind: applied(kind, a, b))
    setattr(Number, f"__r{_name}__", lambda b, a, kind=_kind: applied(kind, a, b))

where = partial(applied, "Where")
# By operators that onnxruntime has in double precision.
Number.library = SimpleNamespace(
    where=where,
    minimum=lambda x, bound: where(x > bound, bound, x),
    maximum=lambda x, bound: where(x < bound, bound, x),
    power=partial(applied, "Pow"),
    sqrt=partial(applied, "Sqrt"),
    exp=partial(applied, "Exp"),
    log=partial(applied, "Log"),
    tanh=partial(applied, "Tanh"),
    sign=partial(applied, "Sign"),
    arctan=lambda x: x.cast(FLOAT).then("Atan").cast(DOUBLE),
    expit=lambda x: 1.0 / (1.0 + ops.exp(-x)),
    softplus=lambda x: ops.maximum(x, 0.0) + ops.log1p(ops.exp(-abs(x))),
    logaddexp=lambda a, b: ops.maximum(a, b) + ops.log1p(ops.exp(-abs(a - b))),
    expm1=lambda x: ops.exp(x) - 1.0,
    exprel=lambda x: where(x == 0.0, 1.0, ops.expm1(x) / where(x == 0.0, 1.0, x)),
    log1p=lambda x: ops.log(1.0 + x),
    log1p_square=lambda x: ops.log(1.0 + x * x),
    lgamma=special.lgamma,
    digamma=special.digamma,
    log_ndtr=special.log_ndtr,
)


def convert(read_trees: Callable[..., Any], scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of an estimator to a graph of skl2onnx."""
    model = operator.raw_operator
    loss = loss_of(model)
    if loss is None:
        raise ValueError(
            f"boostloss.onnx converts what a loss of boostloss has fitted, got {model!r}: fit it with one, "
            "or let onnxmltools convert the library's own estimator."
        )
    attributes, constants, missing = read_trees(model)
    kind = DOUBLE if "nodes_values_as_tensor" in attributes else FLOAT  # as the library compares
    X = Number(scope, container, operator.inputs[0].full_name).cast(kind)
    if not math.isnan(missing):
        X = X.then("Equal", X.constant(missing, kind)).then("Where", X.constant(math.nan, kind), X)
    raw = X.then("TreeEnsembleRegressor", op_domain="ai.onnx.ml", op_version=3, **attributes)
    *labels, output = (x.full_name for x in operator.outputs)
    kind = guess_proto_type(operator.outputs[-1].type)
    raw = raw.cast(DOUBLE) + np.array(constants)
    if not labels:
        if isinstance(loss, Columns):
            raw = in_order(raw)
        elif not isinstance(loss, Distribution):
            raw = loss.response(raw)
        raw.cast(kind, output=output)
        return
    if len(model.classes_) > 2:
        probability = class_probabilities(loss, raw, len(model.classes_))
        position = probability.then("ArgMax", axis=1, keepdims=0)
    else:
        second = loss.response(raw)
        probability = applied("Concat", 1.0 - second, second, axis=1)
        threshold = getattr(model, "get_probability_threshold", lambda: threshold_of(model))()
        position = (second > threshold).cast(INT64).then("Reshape", X.constant([-1], INT64))
    probability.cast(kind, output=output)
    text = isinstance(model.classes_[0], str)
    classes = X.constant(
        model.classes_ if text else model.classes_.astype(int), TEXT if text else INT64
    )
    classes.then("Gather", position, output=labels[0])


def loss_of(model: Any) -> Any:
    """The loss of a fitted estimator; None where it has none."""
    return getattr(model, "loss_", None) or getattr(model, "loss", None)


def in_order(raw: Number) -> Number:
    """The numbers of every row, the least first."""
    count = raw.then("Shape").then("Slice", *(raw.constant([x], INT64) for x in (1, 2)))
    name = raw.scope.get_unique_variable_name("sorted")
    raw.container.add_node(
        "TopK",
        [raw.name, count.name],
        [name, raw.scope.get_unique_variable_name("places")],
        name=raw.scope.get_unique_operator_name("TopK"),
        largest=0,
    )
    return Number(raw.scope, raw.container, name)


def class_probabilities(loss: Any, scores: Any, k: int) -> Number:
    """The posterior of K classes, as `boostloss.losses.classes.posterior` has it."""
    if not loss.proper:
        # Of every class the scores of the others, in a third axis.
        others = scores.then("Reshape", scores.constant([-1, 1, k], INT64)) - MUTED * np.eye(k)
        if scores.container.target_opset < 18:
            rest = others.then("ReduceLogSumExp", axes=[2], keepdims=0)
        else:
            rest = others.then("ReduceLogSumExp", scores.constant([2], INT64), keepdims=0)
        margin = scores - rest
        log_slope = loss.log_slope(margin)
        balance = loss.class_weights(k)
        if balance is not None:
            log_slope = log_slope + np.log(balance)
        scores = ops.minimum(class_odds(scores, -ops.softplus(margin), log_slope), MUTED)
    return scores.then("Softmax", axis=1)


def declare_classifier(
    alias: str, scope: Any, model: Any, inputs: Any, custom_parsers: Any = None
) -> Any:
    """Declare a classifier's outputs: CatBoost's has no mark by which skl2onnx would know it for one."""
    operator = scope.declare_local_operator(alias, model)
    operator.inputs = inputs
    for name, kind in (
        ("label", Int64TensorType()),
        ("probabilities", guess_tensor_type(inputs[0].type)),
    ):
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def declare_regressor(operator: Any) -> None:
    """Declare a regressor's output: a column, or one for each level or parameter."""
    calculate_linear_regressor_output_shapes(operator)
    loss = loss_of(operator.raw_operator)
    if isinstance(loss, Columns | Distribution):
        operator.outputs[0].type.shape[1] = loss.n_outputs


def register() -> None:
    """Tell skl2onnx of the estimators of every library that is installed."""
    for library in LIBRARIES.values():
        for task in library.estimators if library.installed else ():
            kind = library.estimator(task)
            alias = f"{kind.__module__}.{kind.__name__}"
            convert_kind = partial(convert, TREES[library.name])
            if task == "regression":
                shapes, options = declare_regressor, {}
            else:
                shapes = calculate_linear_classifier_output_shapes
                options = {
                    "parser": partial(declare_classifier, alias),
                    "options": {"zipmap": [False], "nocl": [False]},
                }
            update_registered_converter(kind, alias, shapes, convert_kind, **options)


register()
