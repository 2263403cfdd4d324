"""That `python -m tools.peers` puts ours in the place of theirs, and tells of every test that fails for it."""

import io
import sys
import tarfile

import numpy as np
import pytest

import boostloss as bl
from tools.peers import __main__ as command
from tools.peers import scikit_learn, sources
from tools.peers.estimators import with_default
from tools.peers.naming import matching
from tools.peers.running import counted, run
from tools.peers.suites import SUITES, Suite, Variant, resolve
from tools.peers.tables import print_markdown

LOSSES = list(scikit_learn.REPLACED.items())


@pytest.mark.parametrize(("name", "kind"), LOSSES, ids=[name for name, _ in LOSSES])
def test_scikit_learn_computes_alike(name, kind):
    ours, theirs = kind(), kind.__mro__[-3]()
    assert isinstance(ours.closs, scikit_learn.Kernels)
    assert type(theirs.closs).__module__ in ("sklearn._loss._loss", "_loss")  # in 1.6
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(50, 3) if ours.is_multiclass else 50)
    y = np.arange(50.0) % 3 if ours.is_multiclass else rng.uniform(0.1, 0.9, size=50)
    weight = rng.uniform(size=50)
    for one, other in zip(
        ours.loss_gradient(y, raw, weight), theirs.loss_gradient(y, raw, weight), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    if not ours.approx_hessian:
        one, other = (x.gradient_hessian(y, raw, weight)[1] for x in (ours, theirs))
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_powers_that_ours_has_not_stay_theirs():
    theirs = scikit_learn.HalfTweedieLoss(power=3.0)
    assert not isinstance(theirs, scikit_learn.Ours)
    assert isinstance(scikit_learn.HalfTweedieLoss(power=2.0).closs.ours, bl.Gamma)


def test_some_tests_of_scikit_learn_run(tmp_path):
    ends = run("scikit-learn", 0, tmp_path, "test_loss_pickle and Tweedie")
    of = {name: [end for test, (end, _) in ends.items() if name in test] for name in ("1.5", "3.0")}
    assert of["1.5"].count("passed") == 1
    assert set(of["3.0"]) == {"left out"}  # a power that ours has not


def test_an_unknown_failure_is_told(capsys):
    variant = Variant("losses", "", failures={"test_a[*]": "For a reason.", "test_b": "Gone."})
    good, bad = ("passed", ""), ("failed", "why")
    theirs = {"f::test_a[1]": good, "f::test_b": good, "f::test_c": good, "f::test_d": bad}
    ours = {"f::test_a[1]": bad, "f::test_b": good, "f::test_c": bad, "f::test_d": bad}
    count = counted("Peer", "1.0", variant, theirs, ours)
    assert dict(count.of_reason) == {"For a reason.": 1}
    assert count.unexpected == {"f::test_c": "why"}
    assert count.with_theirs_too == 1
    assert count.needless == ["test_b"]
    print_markdown([count])
    assert "UNEXPLAINED: f::test_c: why" in capsys.readouterr().out


def test_a_test_that_is_not_collected_fails():
    count = counted("Peer", "1.0", Variant("", ""), {"f::test_a": ("passed", "")}, {})
    assert count.unexpected == {"f::test_a": "It was not collected."}


def test_brackets_of_patterns_are_brackets():
    assert matching("test_a[x-1]", ["test_a[?]", "test_a[x-*]"]) == "test_a[x-*]"
    assert matching("test_ax", ["test_a[x]"]) is None


def test_what_is_lacking_is_said(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(
        sys, "argv", ["peers", "xgboost", "--source", f"xgboost={tmp_path}", "--markdown"]
    )
    assert command.main() == 2
    assert "xgboost cannot be run here" in capsys.readouterr().err


@pytest.mark.parametrize(("end", "code"), [("passed", 0), ("failed", 1)])
def test_an_unknown_failure_ends_with_1(monkeypatch, capsys, end, code):
    ends = {None: {"f::test_new": ("passed", "")}, 0: {"f::test_new": (end, "")}}
    monkeypatch.setattr(command, "run", lambda name, place, root, expression: ends[place])
    monkeypatch.setattr(sys, "argv", ["peers", "scikit-learn"])
    assert command.main() == code
    assert ("UNEXPLAINED" in capsys.readouterr().out) == (code == 1)


def archived(tmp_path):
    path = tmp_path / "peer-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("peer-1.0/tests/test_a.py")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"pass"))
    return path.as_uri().replace("1.0", "{version}")


def test_sources_are_downloaded(tmp_path):
    suite = Suite("Peer", "peer", ("tests/test_a.py",), (), archived(tmp_path), version="1.0")
    root = sources.root(suite, None, tmp_path / "downloads")
    assert (root / "tests/test_a.py").read_text("utf-8") == "pass"
    (tmp_path / "peer-1.0.tar.gz").unlink()
    assert sources.root(suite, None, tmp_path / "downloads") == root  # and kept
    with pytest.raises(sources.Lacking, match="cannot be had"):
        sources.root(suite, None, tmp_path / "others")


def test_a_download_that_is_interrupted_is_begun_again(tmp_path, monkeypatch):
    def interrupted(content, folder):
        unpack(content, folder)
        raise KeyboardInterrupt

    suite = Suite("Peer", "peer", ("tests/test_a.py",), (), archived(tmp_path), version="1.0")
    unpack = sources.unpack
    with monkeypatch.context() as patched:
        patched.setattr(sources, "unpack", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sources.root(suite, None, tmp_path / "downloads")
    assert not sources.complete(suite, tmp_path / "downloads/peer-1.0")
    root = sources.root(suite, None, tmp_path / "downloads")
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == [root.name]


@pytest.mark.parametrize("kept", [0, 1, 0.5, "of another kind"])
def test_a_download_that_is_cut_short_is_told(kept, tmp_path):
    suite = Suite("Peer", "peer", ("tests/test_a.py",), (), archived(tmp_path), version="1.0")
    path = tmp_path / "peer-1.0.tar.gz"
    whole = path.read_bytes()
    size = int(kept * len(whole)) if isinstance(kept, float) else kept
    path.write_bytes(b"<html>" if isinstance(kept, str) else whole[:size])
    with pytest.raises(sources.Lacking, match="cannot be had"):
        sources.root(suite, None, tmp_path / "downloads")
    path.write_bytes(whole)
    assert sources.root(suite, None, tmp_path / "downloads").is_dir()


def test_files_are_downloaded_one_by_one(tmp_path):
    (tmp_path / "test_a.py").write_text("pass", "utf-8")
    url = f"{tmp_path.as_uri()}/{{file}}"
    suite = Suite("Peer", "peer", ("test_a.py",), (), url, version="1.0")
    assert (sources.root(suite, None, tmp_path / "downloads") / "test_a.py").is_file()


def test_an_estimator_has_a_loss_by_default():
    from sklearn.base import clone

    for library, name in (("xgboost", "XGBRegressor"), ("lightgbm", "LGBMRegressor")):
        parent = getattr(getattr(bl, library), name)
        kind = with_default(parent, "objective", bl.SquaredError())
        model = clone(kind(n_estimators=3))
        assert model.get_params()["objective"] == bl.SquaredError()
        assert model.get_params().keys() == parent().get_params().keys()
        assert kind(objective="x").objective == "x"


def test_every_substitute_is_there():
    for suite in SUITES.values():
        for variant in suite.variants:
            if "robust_loss" not in variant.substitute:  # which imports torch
                assert callable(resolve(variant.substitute))
