"""Engines: which one runs, that all give the same depth, and the graph that is made once and kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tr2m_core import DepthPredictor, InputError, devices
from tr2m_core.export.onnx import export_onnx
from tr2m_core.inference import engines, openvino_session, torch_backend
from tr2m_core.inference.engines import ENGINES, PACKAGES, open_backend, select_engine
from tr2m_core.inference.graph_cache import cached_graph, fingerprint, graphs_folder, make_graph
from tr2m_core.inference.openvino_session import OpenVinoSession
from tr2m_core.model.sources import find_model
from tr2m_core.model.tr2m import load_model

ROOT = Path(__file__).resolve().parents[2]
RGB = np.random.default_rng(0).integers(0, 256, (3, 60, 80, 3), dtype=np.uint8)
TEXTS = ["A small office with two desks.", "A hangar.", "A mug on a table."]
ACCURACY = 1e-4  # relative, of metric depth


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache of its own."""
    monkeypatch.setenv("TR2M_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def model(tiny_paper):
    return load_model(tiny_paper)


@pytest.fixture(scope="module")
def sources(tiny_paper):
    return find_model(tiny_paper)


def load(tiny_paper, **options):
    return DepthPredictor.from_pretrained(tiny_paper, device="cpu", **options)


@pytest.mark.parametrize("engine", ["auto", "openvino", "onnxruntime"])
@pytest.mark.parametrize("name", ["embedded", "paper"])
def test_every_engine_gives_torchs_depth(name, engine, tiny_paper):
    source = {"embedded": "embedded", "paper": tiny_paper}[name]
    expected = DepthPredictor.from_pretrained(source, device="cpu", engine="torch")
    predictor = DepthPredictor.from_pretrained(source, device="cpu", engine=engine)
    assert (expected.engine, predictor.engine) == ("torch", "openvino" if engine == "auto" else engine)
    assert (predictor.precision, predictor.input_size) == ("fp32", expected.input_size)
    for maps in (True, False):
        a, b = (each.predict_batch(RGB, TEXTS, maps=maps) for each in (expected, predictor))
        for field, values in vars(a).items():
            if values is None:
                assert getattr(b, field) is None
            else:
                np.testing.assert_allclose(getattr(b, field), values, rtol=ACCURACY, atol=1e-6)
    flipped = [each.predict(RGB[0], TEXTS[0], flip=True).metric_depth for each in (expected, predictor)]
    np.testing.assert_allclose(flipped[1], flipped[0], rtol=ACCURACY)


def test_a_frame_keeps_its_depth_while_the_next_is_computed(tiny_paper):
    predictor = load(tiny_paper, engine="openvino", input_size=(42, 56))
    same_size = np.zeros((42, 56, 3), np.uint8)
    first = predictor.predict(same_size, TEXTS[0])
    kept = {name: values.copy() for name, values in vars(first).items() if values is not None}
    predictor.predict(same_size + 255, TEXTS[1])
    assert all(np.array_equal(getattr(first, name), values) for name, values in kept.items())


def test_the_graph_is_made_once(home, tiny_paper, monkeypatch, capsys):
    load(tiny_paper)
    assert "preparing" in capsys.readouterr().err
    (folder,) = graphs_folder().iterdir()
    assert graphs_folder() == home / "graphs"
    assert sorted(path.name for path in folder.iterdir()) == ["graph.onnx", "text_encoder.onnx", "tokenizer.json"]
    monkeypatch.setattr(engines, "open_model", None)
    assert load(tiny_paper).engine == "openvino"
    assert load(tiny_paper, engine="onnxruntime").engine == "onnxruntime"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("name", ["embedded", "paper"])
def test_sentences_of_any_length_are_encoded_as_in_torch(name, engine, tiny_paper):
    source = {"embedded": "embedded", "paper": tiny_paper}[name]
    expected = load_model(source).text_encoder
    backend = DepthPredictor.from_pretrained(source, device="cpu", engine=engine).backend
    sentences = [
        "",
        "Hangar",
        "A small office: two desks, 3 chairs & a lamp.",
        "one room after the other " * 100,
        "é à 部屋",
    ]
    found = backend.embed(sentences)
    np.testing.assert_allclose(found, torch.cat([expected.encode([each]) for each in sentences]), rtol=1e-3, atol=1e-5)


def test_with_a_graph_at_hand_transformers_is_not_needed(home, tiny_paper):
    code = "import sys; from tr2m_core import DepthPredictor as Predictor; "
    code += "Predictor.from_pretrained(sys.argv[1], device='cpu').warm_up(); print('transformers' in sys.modules)"
    command = [sys.executable, "-c", code, str(tiny_paper)]
    said = [subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip() for _ in range(2)]
    assert said == ["True", "False"]


def test_another_size_and_other_weights_have_other_graphs(tiny_paper, tmp_path):
    copied = tmp_path / "model"
    shutil.copytree(tiny_paper, copied)
    size = find_model(copied).config.input_size
    first, larger = (fingerprint(find_model(copied), each) for each in (size, (size[0] + 14, size[1])))
    assert fingerprint(find_model(tiny_paper), size) == first != larger
    for role in ("relative_depth", "image_encoder", "text_encoder", "rescale_head"):
        path = copied / role / "model.safetensors"
        path = path if path.is_file() else copied / f"{role}.safetensors"
        kept = path.read_bytes()
        path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        assert fingerprint(find_model(copied), size) != first, role
        path.write_bytes(kept)
    assert fingerprint(find_model(copied), size) == first


@pytest.mark.slow
def test_two_processes_at_once_leave_one_graph(home, tiny_paper):
    code = "import sys; from tr2m_core import DepthPredictor as Predictor; "
    code += "print(Predictor.from_pretrained(sys.argv[1], device='cpu').engine)"
    command = [sys.executable, "-c", code, str(tiny_paper)]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(process.communicate()[0].strip(), process.returncode) for process in started] == [("openvino", 0)] * 2
    assert len(list((home / "graphs").iterdir())) == 1


def test_an_empty_folder_in_its_place_is_replaced(home, model, sources):
    folder = cached_graph(sources, (28, 42))
    folder.mkdir(parents=True)
    make_graph(model, folder, (28, 42))
    assert (folder / "graph.onnx").is_file()
    assert [each.name for each in graphs_folder().iterdir()] == [folder.name]


def test_auto_is_what_is_installed_and_pays(monkeypatch):
    def auto(weight_bytes=1000, **changes):
        options = {"device": "cpu", "precision": "auto", "compile": False} | changes
        return select_engine("auto", weight_bytes, **options)

    assert auto() == auto(precision="fp32") == "openvino"
    assert auto(compile=True) == auto(precision="bf16") == auto(engines.LARGE) == "torch"
    monkeypatch.setattr(engines, "installed", lambda packages: packages != PACKAGES["openvino"])
    assert auto() == "onnxruntime"
    monkeypatch.setattr(engines, "installed", lambda packages: False)
    assert auto() == "torch"
    monkeypatch.undo()
    monkeypatch.setattr(engines, "select_device", torch.device)
    assert auto(device="cuda") == "torch"


def test_stored_bytes_are_those_of_the_weights(model, sources):
    assert engines.stored_bytes(sources.require()) == pytest.approx(torch_backend.weight_bytes(model), rel=0.2)


def test_a_large_model_takes_bf16_where_the_processor_has_it(model, monkeypatch):
    for large, fast, expected in ((1, True, "bf16"), (1, False, "fp32"), (1 << 40, True, "fp32")):
        monkeypatch.setattr(torch_backend, "LARGE", large)
        monkeypatch.setattr(devices, "has_fast_bf16", lambda device, fast=fast: fast)
        whole = load_model("embedded")
        backend = torch_backend.TorchBackend(whole, device="cpu")
        assert DepthPredictor(backend).precision == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"engine": "tflite"}, "engine 'tflite' is not one of auto, torch, onnxruntime, openvino, tensorrt"),
        ({"engine": "tensorrt"}, "engine tensorrt computes on NVIDIA GPUs only, and the device is cpu"),
        ({"engine": "openvino", "precision": "bf16"}, "engine openvino computes in fp32"),
        ({"engine": "onnxruntime", "compile": True}, "engine onnxruntime computes in fp32"),
    ],
)
def test_what_does_not_go_together_is_said(options, words, tiny_paper):
    with pytest.raises(InputError, match=words):
        load(tiny_paper, **options)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_missing_package_is_named(engine, sources, monkeypatch):
    monkeypatch.setitem(sys.modules, engine, None)
    openvino_session._core.cache_clear()
    with pytest.raises(InputError, match=rf"{engine} is not installed: pip install 'tr2m_ros\[(onnx|openvino)\]'"):
        open_backend(sources, engine, "cpu", "auto", None, False)


def test_where_no_graph_can_be_kept_torch_computes(sources, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TR2M_HOME", str(tmp_path / "file"))
    assert open_backend(sources, "auto", "cpu", "auto", None, False).engine == "torch"
    assert "torch computes, for openvino cannot" in capsys.readouterr().err
    with pytest.raises(OSError, match="file"):
        open_backend(sources, "openvino", "cpu", "auto", None, False)


@pytest.mark.parametrize("error", [ImportError("no symbol"), AttributeError("numpy has no attribute 'float'")])
def test_where_a_package_is_broken_torch_computes(sources, monkeypatch, capsys, error):
    def broken(name):
        raise error

    monkeypatch.setattr("tr2m_core.export.onnx_format.import_quietly", broken)
    assert open_backend(sources, "auto", "cpu", "auto", None, False).engine == "torch"
    assert "tr2m: note: torch computes, for openvino cannot: " in capsys.readouterr().err


@pytest.mark.parametrize("file", ["graph.onnx", "text_encoder.onnx"])
def test_a_damaged_graph_is_named_and_torch_computes(file, home, model, sources, capsys):
    path = cached_graph(sources, model.config.input_size) / file
    make_graph(model, path.parent, model.config.input_size)
    path.write_bytes(path.read_bytes()[:1000])
    assert open_backend(sources, "auto", "cpu", "auto", None, False).engine == "torch"
    assert str(path) in capsys.readouterr().err
    with pytest.raises(InputError, match="openvino cannot load it"):
        open_backend(sources, "openvino", "cpu", "auto", None, False)


def test_an_exported_graph_runs_in_both(model, tmp_path):
    path = tmp_path / "graph.onnx"
    export_onnx(model, path, (42, 70))
    predictors = [DepthPredictor.from_pretrained(path, device="cpu", engine=e) for e in ("auto", "openvino")]
    assert [predictor.engine for predictor in predictors] == ["onnxruntime", "openvino"]
    depths = [predictor.predict_batch(RGB, TEXTS).metric_depth for predictor in predictors]
    np.testing.assert_allclose(depths[1], depths[0], rtol=ACCURACY)
    with pytest.raises(InputError, match="an exported graph; engine torch runs models"):
        DepthPredictor.from_pretrained(path, engine="torch")


def test_a_foreign_or_missing_file_is_said(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "foreign.onnx"
    with pytest.raises(InputError, match="no such file"):
        OpenVinoSession(path)
    info = onnx.helper.make_tensor_value_info
    values = [info(name, onnx.TensorProto.FLOAT, [1]) for name in ("a", "b")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["a"], ["b"])], "g", [values[0]], [values[1]])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    with pytest.raises(InputError, match="not one that `tr2m export` wrote"):
        DepthPredictor.from_pretrained(path, engine="openvino")


def test_packages_are_of_engines():
    assert set(PACKAGES) < set(ENGINES)


def test_signals_arrive_after_another_thread_gave_a_predictor_up():
    code = """
import faulthandler, signal, subprocess, threading
faulthandler.enable()
from tr2m_core import DepthPredictor
kept = [DepthPredictor.from_pretrained(device="cpu", engine="openvino")]
thread = threading.Thread(target=kept.clear)
thread.start()
thread.join()
signal.signal(signal.SIGCHLD, lambda *_: None)
filling = [bytearray(1 << 26) for _ in range(4)]
for _ in range(3):
    subprocess.run(["true"])
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_openvino_tells_nobody(tmp_path):
    code = """
import sys
from tr2m_core import DepthPredictor
calls = []
sys.addaudithook(lambda event, _: calls.append(event) if event.startswith("socket.") else None)
print(DepthPredictor.from_pretrained(device="cpu", engine="openvino").engine)
assert not calls, calls
import openvino.tools  # as it was for whoever wants it
assert sys.modules.get("openvino.tools.ovc", openvino) is not None
"""
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "openvino\n"), done.stderr
    command = [sys.executable, "-c", "from tr2m_core.cli.main import run; run()", "doctor", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    (finding,) = (row for row in json.loads(done.stdout) if row["check"] == "openvino")
    assert finding["state"] == "ok"
    assert not (tmp_path / "intel").exists()
