"""Data that lie in files: through each library's own interface a loss makes the model that it makes in memory."""

import warnings

import numpy as np
import pytest

import boostloss as bl

N, N_TRAIN, PART = 2400, 1800, 300  # rows, of which the first train; those of a file
ROUNDS, PATIENCE = 80, 3

rng = np.random.default_rng(0)
X = rng.integers(-30, 30, (N, 5)).astype(np.float32)  # few values, so that all have the same cuts
NOISE = rng.standard_t(3, N)
Y = (X[:, 0] / 10 + np.sin(X[:, 1]) + NOISE + 100.0).astype(np.float32)
WEIGHT = rng.integers(1, 4, N).astype(np.float32)
TRAIN, STOP = slice(0, N_TRAIN), slice(N_TRAIN, N)

ONE_SCORE = [
    bl.Huber(1.0),
    bl.Cauchy(),  # holds rows out, of all that there are
    bl.Quantile(0.9),
    bl.GHMR(1.0),  # needs all rows at once
    bl.Logistic(),
]
LOSSES = [*ONE_SCORE, bl.Quantile([0.1, 0.5, 0.9]), bl.Normal()]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def target(loss):
    return (Y > 102.0).astype(np.float32) if loss.task == "binary" else Y


def best(loss):
    """The best constant, from the targets alone."""
    return np.asarray(loss.fit_intercept(target(loss)[TRAIN], WEIGHT[TRAIN]))


@pytest.fixture
def parts(tmp_path):
    """The rows that train and those that stop, in files of their own; more than one of each."""
    folders = {}
    for name, rows in (("train", TRAIN), ("stop", STOP)):
        folders[name] = []
        for begin in range(rows.start, rows.stop, PART):
            path = tmp_path / f"{name}{begin}.npy"
            np.save(path, X[begin : begin + PART])
            folders[name].append((begin, path))
    assert len(folders["stop"]) > 1
    return folders


# --------------------------------------------------------------------------------- XGBoost


def batches(parts, y, prefix):
    """An iterator over files, which keeps no more than one of them."""
    xgb = pytest.importorskip("xgboost")

    class Batches(xgb.DataIter):
        def __init__(self):
            self.position = 0
            super().__init__(cache_prefix=prefix)

        def next(self, input_data):
            if self.position == len(parts):
                return False
            begin, path = parts[self.position]
            rows = slice(begin, begin + PART)
            input_data(data=np.load(path), label=y[rows], weight=WEIGHT[rows])
            self.position += 1
            return True

        def reset(self):
            self.position = 0

    return Batches()


def train_xgboost(loss, train, stop):
    import xgboost as xgb

    from boostloss.xgboost import metric

    params = {"max_depth": 3, "eta": 0.5, "nthread": 1, "disable_default_eval_metric": True}
    params |= {"base_score": best(loss).tolist(), "num_target": loss.n_outputs}
    log = {}
    booster = xgb.train(
        params,
        train,
        ROUNDS,
        obj=loss,
        custom_metric=metric(loss),
        evals=[(stop, "stop")],
        early_stopping_rounds=PATIENCE,
        evals_result=log,
        verbose_eval=False,
    )
    (values,) = log["stop"].values()
    return booster, values


@every_loss
def test_xgboost(loss, parts, tmp_path):
    xgb = pytest.importorskip("xgboost")
    y = target(loss)
    train = xgb.QuantileDMatrix(X[TRAIN], y[TRAIN], weight=WEIGHT[TRAIN])
    stop = xgb.QuantileDMatrix(X[STOP], y[STOP], weight=WEIGHT[STOP], ref=train)
    booster, expected = train_xgboost(loss, train, stop)
    raw = booster.predict(xgb.DMatrix(X), output_margin=True)
    cache = [str(tmp_path / name) for name in ("cache-train", "cache-stop")]
    for kind, prefixes in (
        (xgb.ExtMemQuantileDMatrix, cache),
        (xgb.QuantileDMatrix, [None, None]),  # which keeps the bins in memory
    ):
        on_disk = kind(batches(parts["train"], y, prefixes[0]), nthread=1)
        stop = kind(batches(parts["stop"], y, prefixes[1]), ref=on_disk, nthread=1)
        found, values = train_xgboost(loss, on_disk, stop)
        assert found.best_iteration == booster.best_iteration < ROUNDS - 1 - PATIENCE
        np.testing.assert_allclose(values, expected, rtol=1e-5)
        np.testing.assert_allclose(
            found.predict(xgb.DMatrix(X), output_margin=True), raw, rtol=1e-5, atol=1e-5
        )
    assert np.ptp(raw) > 0.5


# -------------------------------------------------------------------------------- LightGBM


def train_lightgbm(loss, tables, **options):
    import lightgbm as lgb

    from boostloss.lightgbm import metric

    y, start, train = target(loss), best(loss), None
    for table, rows in zip(tables, (TRAIN, STOP), strict=True):
        n = rows.stop - rows.start
        scores = np.full(n, start) if start.ndim == 0 else np.tile(start, (n, 1))
        data = lgb.Dataset(table, y[rows], weight=WEIGHT[rows], init_score=scores, reference=train)
        train, stop = train or data, data
    params = {"objective": loss, "num_class": loss.n_outputs, "num_leaves": 8, "num_threads": 1}
    return lgb.train(
        params | {"learning_rate": 0.5, "verbosity": -1, "deterministic": True},
        train,
        ROUNDS,
        feval=metric(loss),
        valid_sets=[stop],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
        **options,
    )


@every_loss
def test_lightgbm(loss, parts):
    lgb = pytest.importorskip("lightgbm")

    class Rows(lgb.Sequence):
        batch_size = 100

        def __init__(self, path):
            self.array = np.load(path, mmap_mode="r")

        def __getitem__(self, place):
            return np.asarray(self.array[place], np.float64)

        def __len__(self):
            return len(self.array)

    booster = train_lightgbm(loss, (X[TRAIN].astype(float), X[STOP].astype(float)))
    found = train_lightgbm(loss, [[Rows(path) for _, path in parts[x]] for x in ("train", "stop")])
    assert found.best_iteration == booster.best_iteration < ROUNDS - 1 - PATIENCE
    raw = booster.predict(X)
    np.testing.assert_allclose(found.predict(X), raw, rtol=1e-5, atol=1e-5)
    assert np.ptp(raw) > 0.5


def test_lightgbm_from_a_binary_file(tmp_path):
    lgb = pytest.importorskip("lightgbm")
    loss, path, start = bl.Huber(1.0), str(tmp_path / "train.bin"), np.full(N, best(bl.Huber(1.0)))
    given = {"label": Y, "weight": WEIGHT, "init_score": start}
    params = {"objective": loss, "verbosity": -1, "num_threads": 1}
    in_memory = lgb.Dataset(X, **given, params={"verbosity": -1})
    expected = lgb.train(params, in_memory, 8).predict(X)
    in_memory.save_binary(path)
    with pytest.warns(UserWarning, match="Boosting starts far"):  # the file keeps no such scores
        lgb.train(params, lgb.Dataset(path), 8)
    found = lgb.train(params, lgb.Dataset(path, init_score=start), 8).predict(X)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


# -------------------------------------------------------------------------------- CatBoost


def quantized(pool, path, borders=None):
    """The pool, read again from a file."""
    import catboost

    pool.quantize(**({"input_borders": str(borders)} if borders else {"border_count": 64}))
    if not borders:
        pool.save_quantization_borders(str(path.with_name("borders")))
    pool.save(str(path))
    return catboost.Pool(f"quantized://{path}")


def pools(loss, folder):
    """In memory and from a file, each those that train and those that stop."""
    catboost = pytest.importorskip("catboost")
    y = target(loss)
    in_memory = [catboost.Pool(X[x], y[x], weight=WEIGHT[x]) for x in (TRAIN, STOP)]
    train = quantized(in_memory[0], folder / "train")
    return in_memory, [train, quantized(in_memory[1], folder / "stop", folder / "borders")]


FAST = {"iterations": ROUNDS, "depth": 3, "learning_rate": 0.5, "thread_count": 1}
FAST |= {"verbose": False, "allow_writing_files": False, "early_stopping_rounds": PATIENCE}


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Quantile(0.9), bl.Logistic()], ids=repr)
def test_catboost(loss, tmp_path):
    catboost = pytest.importorskip("catboost")
    from boostloss.catboost import metric, objective

    raw, rounds = [], []
    for train, stop in pools(loss, tmp_path):
        for pool in (train, stop):
            pool.set_baseline(np.full(pool.num_row(), best(loss)))
        params = FAST | {"loss_function": objective(loss), "eval_metric": metric(loss)}
        model = catboost.CatBoost(params).fit(train, eval_set=stop)
        raw.append(model.predict(X))
        rounds.append(model.tree_count_)
    assert rounds[0] == rounds[1] < ROUNDS - PATIENCE
    np.testing.assert_allclose(*raw, rtol=1e-6, atol=1e-6)
    assert np.ptp(raw[0]) > 0.5


@pytest.mark.parametrize(
    "loss",
    [bl.Huber(1.0), bl.Cauchy(), bl.Quantile(0.9), bl.Quantile([0.1, 0.9]), bl.Focal()],
    ids=repr,
)
def test_the_estimators_of_catboost(loss, tmp_path):
    pytest.importorskip("catboost")
    from boostloss.catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if loss.task == "binary" else CatBoostRegressor
    models = [
        kind(loss_function=loss, **FAST).fit(train, eval_set=stop)
        for train, stop in pools(loss, tmp_path)
    ]
    raw = [model.predict(X, prediction_type="RawFormulaVal") for model in models]
    np.testing.assert_allclose(*raw, rtol=1e-6, atol=1e-6)
    assert len({model.tree_count_ for model in models}) == 1
    assert np.ptp(raw[0]) > 0.5
    if loss.task == "binary":
        assert [model.classes_.tolist() for model in models] == [[0, 1], [0, 1]]
        assert set(models[1].predict(X)) == {0, 1}
    else:
        in_memory, on_disk = pools(loss, tmp_path)
        expected = models[0].score(in_memory[1])
        assert models[1].score(on_disk[1]) == pytest.approx(expected, rel=1e-6)


def test_catboost_refuses_what_needs_other_labels_or_all_rows(tmp_path):
    pytest.importorskip("catboost")
    from boostloss.catboost import CatBoostRegressor, objective

    _, (train, _) = pools(bl.Normal(), tmp_path)
    with pytest.raises(ValueError, match=r"X must be a table, not a Pool .* quantized"):
        CatBoostRegressor(loss_function=bl.Normal(), **FAST).fit(train)
    for loss in (bl.Cauchy(), bl.Normal(), bl.Quantile([0.1, 0.9]), bl.GHMR(1.0)):
        with pytest.raises(ValueError, match="boostloss"):
            objective(loss)


def test_catboost_reads_numbers_of_a_table(tmp_path):
    catboost = pytest.importorskip("catboost")
    from boostloss.catboost import CatBoostRegressor

    path = tmp_path / "rows.tsv"
    np.savetxt(path, np.c_[Y, X][TRAIN], delimiter="\t", fmt="%.9g")
    models = [
        CatBoostRegressor(loss_function=bl.Huber(1.0), **FAST).fit(pool)
        for pool in (catboost.Pool(X[TRAIN], Y[TRAIN]), catboost.Pool(str(path)))
    ]
    np.testing.assert_allclose(*[model.predict(X) for model in models], rtol=1e-6)
    path.write_text("\n".join(f"much\t{x}" for x in range(20)), "utf-8")
    with pytest.raises(TypeError, match="y_true must hold integers, floats or booleans"):
        CatBoostRegressor(loss_function=bl.Huber(1.0), **FAST).fit(catboost.Pool(str(path)))


def test_a_baseline_that_catboost_misreads_is_told(tmp_path):
    catboost = pytest.importorskip("catboost")
    from boostloss.catboost import CatBoostRegressor

    loss, start = bl.Huber(1.0), np.full(N, best(bl.Huber(1.0)))
    saved = quantized(catboost.Pool(X, Y, baseline=start), tmp_path / "saved")
    model = CatBoostRegressor(loss_function=loss, **FAST)
    if np.array_equal(saved.get_baseline()[:, 0], start.astype(np.float32)):
        pytest.skip("this CatBoost reads a baseline as it was saved")
    with warnings.catch_warnings(record=True) as told:  # also that the errors are huge
        warnings.simplefilter("always")
        model.fit(saved)
    assert "CatBoost misreads" in str(told[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        set_later = model.fit(saved.set_baseline(start)).predict(X) + start
    assert loss.mean_loss(Y, set_later) < 0.8 * loss.mean_loss(Y, start)
