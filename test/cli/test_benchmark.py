"""`tr2m benchmark`: its rows, its JSON and its exit code. Its times are whatever they are."""

from __future__ import annotations

import json

import pytest

from tr2m_core.benchmark.timing import Effort, Row, Timing, compared, summarize, time_cases
from tr2m_core.cli import benchmark
from tr2m_core.cli.main import main


def run(capsys, monkeypatch, *arguments):
    monkeypatch.setattr(benchmark, "QUICK_ROUNDS", 2)
    code = main(["benchmark", "--quick", "--no-node", *arguments])
    return code, *capsys.readouterr()


@pytest.mark.slow
def test_every_part_has_its_rows(capsys, monkeypatch):
    code, out, err = run(capsys, monkeypatch, "--json")
    report = json.loads(out)
    rows = report["rows"]
    assert code == 0
    assert err.endswith("tr2m: note: no rows of the node: --no-node\n")  # the first time a graph is made, too
    assert report["machine"]["gflops"] > 1 and report["machine"]["copy"] > 0.1 and report["machine"]["cores"] >= 1
    assert {"torch", "openvino"} <= report["machine"]["versions"].keys()
    groups = list(dict.fromkeys(row["group"] for row in rows))
    assert groups == ["whole frame", "cameras, openvino", "stages in torch", "message path", "start"]
    names = {row["name"] for row in rows}
    assert {"torch fp32", "auto: openvino fp32", "onnxruntime fp32", "backbone", "decoder", "rescale head"} <= names
    assert {"import torch", "tr2m --help", "embedded, up to its first depth"} <= names
    assert {"plain numpy", "this package", "batch of 4, each frame"} <= names
    for row in rows:
        timing = row["timing"]
        assert 0 < timing["low"] <= timing["median"] <= timing["high"], row
    for group in ("whole frame", "cameras, openvino", "message path"):
        first, *others = (row for row in rows if row["group"] == group)
        assert first["ratio"] == 1
        for row in others:
            assert row["ratio"] == pytest.approx(first["timing"]["median"] / row["timing"]["median"])
    (auto,) = (row for row in rows if row["name"].startswith("auto"))
    assert float(auto["note"].split()[1]) < 1e-4


def test_the_table_and_the_threshold(capsys, monkeypatch):
    code, out, err = run(capsys, monkeypatch, "--least", "1e6")
    assert code == 1
    assert "GFLOP/s" in out.splitlines()[0] and "plain: two encoders" in out
    assert "tr2m: error: whole frame: " in err and "tr2m: error: message path: " in err


def test_a_graph_is_rejected(capsys):
    assert main(["benchmark", "--model", "graph.onnx"]) == 2
    assert "give the model that it was made from" in capsys.readouterr().err


def test_cases_are_timed_in_turn():
    order: list[str] = []
    times = time_cases({"a": lambda _: order.append("a"), "b": lambda _: order.append("b")}, Effort(2, 1))
    assert "".join(order) == "ab" + "aabb" * 2
    assert list(times) == ["a", "b"]


def test_ratios_are_to_the_first_and_spread_is_of_tenths():
    timings = {"plain": Timing(4.0, 3.0, 5.0), "ours": Timing(2.0, 1.0, 3.0)}
    assert compared("g", timings, {"ours": "n"}) == [
        Row("g", "plain", timings["plain"], 1.0, ""),
        Row("g", "ours", timings["ours"], 2.0, "n"),
    ]
    found = summarize([number / 1000 for number in range(11)])
    assert (found.median, found.low, found.high) == pytest.approx((5.0, 1.0, 9.0))
    assert summarize([0.5]) == Timing(500.0, 500.0, 500.0)
