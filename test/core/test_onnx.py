"""Exported graphs, compared with torch: the bundled model, and one built as `paper` is, in miniature."""

from __future__ import annotations

import dataclasses
import json
import shutil
import stat
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_models import random_embedded, randomise
from torch import nn

pytest.importorskip("onnx", reason="the extra [onnx] is not installed")
pytest.importorskip("onnxruntime", reason="the extra [onnx] is not installed")

import onnx
import onnxruntime
from stand_ins import encoded

from tr2m_core import DepthPredictor
from tr2m_core.errors import InputError
from tr2m_core.export.onnx import export_onnx
from tr2m_core.export.onnx_format import CONFIG_KEY, TEXT_ENCODER_KEY
from tr2m_core.inference import onnx_session
from tr2m_core.inference.engines import open_graph
from tr2m_core.inference.graph_check import check_onnx
from tr2m_core.inference.onnx_session import CPU, TENSORRT
from tr2m_core.inference.torch_backend import TorchBackend
from tr2m_core.model import TR2M, RescaleHead
from tr2m_core.model.config import STORED
from tr2m_core.model.tr2m import load_model

SIZE = (42, 70)  # neither a square nor the size of a position grid
SIZES = {"paper": SIZE, "embedded": (64, 96)}
SENTENCES = ["A small office with two desks.", "A hangar.", "A mug on a table."]
CUDA = onnx_session.CUDA in onnxruntime.get_available_providers()


@pytest.fixture(scope="module")
def paper(tiny_paper):
    """As many heads as the released head has: torch.nn.MultiheadAttention takes its fast path for even numbers only."""
    model = load_model(tiny_paper)
    config = dataclasses.replace(model.config.rescale_head, heads=8)
    head = RescaleHead(config)
    randomise(head, 5)
    whole = dataclasses.replace(model.config, rescale_head=config)
    return TR2M(whole, model.relative_depth, model.image_encoder, model.text_encoder, head).eval()


@pytest.fixture(scope="module")
def models(paper):
    return {"paper": paper, "embedded": random_embedded()}


@pytest.fixture(scope="module")
def files(models, tmp_path_factory):
    """Both models' graphs, each in a folder of its own; copied before a test damages them."""
    folder = tmp_path_factory.mktemp("onnx")
    paths = {name: folder / name / f"{name}.onnx" for name in models}
    for name, path in paths.items():
        path.parent.mkdir()
        export_onnx(models[name], path, SIZES[name], one_file_limit=100_000 if name == "paper" else 100_000_000)
    return paths


@pytest.fixture(scope="module")
def backends(files):
    return {name: open_graph(path, "onnxruntime", "cpu") for name, path in files.items()}


@pytest.fixture
def copied(files, tmp_path):
    """The paper-like model's graph, data file and text encoder, elsewhere."""
    return shutil.copytree(files["paper"].parent, tmp_path / "moved") / "paper.onnx"


def relative_difference(found, expected):
    return float(((found - expected).abs() / expected.abs().clamp(min=1e-6)).max())


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("name", ["paper", "embedded"])
def test_graphs_compute_what_torch_computes(models, backends, name, batch):
    size = SIZES[name]
    backend, reference = backends[name], TorchBackend(models[name], device="cpu", input_size=size)
    images = torch.randn(batch, 3, *size, generator=torch.Generator().manual_seed(batch))
    sentences = SENTENCES[:batch]
    found = backend.run(images, encoded(backend, sentences), maps=True)
    expected = reference.run(images, encoded(reference, sentences), maps=True)
    for values, wanted in zip(found, expected, strict=True):
        assert values.shape == wanted.shape == (batch, 1, *size)
        assert values.dtype == torch.float32
        assert relative_difference(values, wanted) < 1e-4
    assert float(expected.relative_depth.std()) > 1e-3  # the ReLU at the end of the relative depth leaves an image
    alone = backend.run(images, encoded(backend, sentences), maps=False)
    assert torch.equal(alone.metric_depth, found.metric_depth)
    assert alone[1:] == (None, None, None)


def test_one_sentence_serves_a_whole_batch(backends):
    backend = backends["paper"]
    images = torch.randn(3, 3, *SIZE, generator=torch.Generator().manual_seed(7))
    text = encoded(backend, SENTENCES[:1])
    one, each = (backend.run(images, given, True) for given in (text, text.repeat(3, 1, 1)))
    assert all(map(torch.equal, one, each))


@pytest.mark.parametrize(("name", "flip"), [("paper", False), ("embedded", True)])
def test_predictors_take_the_file(models, files, name, flip):
    frames = np.random.default_rng(1).integers(0, 255, (2, 60, 83, 3), np.uint8)
    predictor = DepthPredictor.from_pretrained(files[name], device="cpu")
    reference = DepthPredictor(TorchBackend(models[name], device="cpu", input_size=SIZES[name]))
    found = predictor.predict_batch(frames, SENTENCES[:2], flip=flip)
    expected = reference.predict_batch(frames, SENTENCES[:2], flip=flip)
    for name in ("metric_depth", "relative_depth", "scale_map", "shift_map"):
        values = getattr(found, name)
        assert values.shape == (2, 60, 83)
        assert np.allclose(values, getattr(expected, name), rtol=1e-4, atol=1e-6)


def test_frames_of_an_exported_graph_are_resized_as_told(models, files):
    frames = np.random.default_rng(2).integers(0, 255, (1, 225, 400, 3), np.uint8)
    inputs = []
    for antialias in (None, False, True):
        exported = DepthPredictor.from_pretrained(files["paper"], device="cpu", antialias=antialias)
        torch_model = DepthPredictor(TorchBackend(models["paper"], device="cpu", input_size=SIZE), antialias)
        inputs.append(exported.preprocess(frames))
        assert torch.equal(inputs[-1], torch_model.preprocess(frames))
    assert torch.equal(inputs[0], inputs[1]) and not torch.allclose(inputs[1], inputs[2], atol=0.1)


def test_the_size_is_fixed(files):
    assert DepthPredictor.from_pretrained(files["paper"], input_size=SIZE).input_size == SIZE
    with pytest.raises(InputError, match="42x70"):
        DepthPredictor.from_pretrained(files["paper"], input_size=(70, 42))


@pytest.mark.parametrize("name", ["paper", "embedded"])
def test_the_graph(models, files, name):
    onnx.checker.check_model(str(files[name]), full_check=True)
    graph = onnx.load(files[name], load_external_data=False).graph

    def shapes(values):
        return {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}

    width = models[name].config.rescale_head.text_width
    assert shapes(graph.input) == {"image": ["batch", 3, *SIZES[name]], "text_embedding": ["batch", 1, width]}
    names = ("metric_depth", "relative_depth", "scale_map", "shift_map")
    assert shapes(graph.output) == {key: ["batch", 1, *SIZES[name]] for key in names}
    assert {v.type.tensor_type.elem_type for v in (*graph.input, *graph.output)} == {onnx.TensorProto.FLOAT}
    assert not {"Loop", "If", "Scan"} & {node.op_type for node in graph.node}
    modes = {a.s for node in graph.node if node.op_type == "Resize" for a in node.attribute if a.name == "mode"}
    assert modes == {b"linear"}  # the cubic one, of the position grid, is a constant


def test_metadata_say_all_that_a_reader_needs(models, files, backends):
    for name, path in files.items():
        metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
        config, original = backends[name].config, models[name].config
        text = dataclasses.replace(original.text_encoder, source=config.text_encoder.source)
        assert config == dataclasses.replace(original, input_size=SIZES[name], text_encoder=text)
        assert json.loads(metadata[CONFIG_KEY]) == json.loads(config.to_json())
        stored = config.text_encoder.source == STORED
        assert stored == (name == "paper")
        assert metadata.get(TEXT_ENCODER_KEY) == ("paper_text_encoder" if stored else None)


def test_files_and_who_may_read_them(files):
    assert [path.name for path in files["embedded"].parent.iterdir()] == ["embedded.onnx"]
    folder = files["paper"].parent
    assert {path.name for path in folder.iterdir()} == {"paper.onnx", "paper.onnx.data", "paper_text_encoder"}
    assert (folder / "paper.onnx.data").stat().st_size > 100_000
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & stat.S_IROTH


def test_moved_files_go_on_working(models, copied):
    assert check_onnx(copied, models["paper"]) < 1e-4


def test_the_check_sees_another_model(models, files):
    paper = models["paper"]
    other = RescaleHead(paper.config.rescale_head)
    randomise(other, 6)
    changed = TR2M(paper.config, paper.relative_depth, paper.image_encoder, paper.text_encoder, other).eval()
    assert check_onnx(files["paper"], changed) > 1e-2
    other.output_conv_scale2[2].bias.data.fill_(float("nan"))
    assert check_onnx(files["paper"], changed) == float("inf")


def damage(path, keep):
    path.write_bytes(path.read_bytes()[:keep])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p: p.unlink(), r"paper\.onnx: no such file"),
        (lambda p: damage(p, 5000), r"paper\.onnx: onnxruntime cannot load it"),
        (lambda p: damage(p, 0), r"paper\.onnx: onnxruntime cannot load it"),
        (lambda p: p.write_text("hello"), r"paper\.onnx: onnxruntime cannot load it"),
        (lambda p: p.with_name("paper.onnx.data").unlink(), r"paper\.onnx\.data: missing"),
        (lambda p: damage(p.with_name("paper.onnx.data"), 5000), r"paper\.onnx: onnxruntime cannot load it"),
        (lambda p: shutil.rmtree(p.with_name("paper_text_encoder")), "paper_text_encoder: missing"),
        (lambda p: (p.with_name("paper_text_encoder") / "model.safetensors").unlink(), "paper_text_encoder: missing"),
    ],
    ids=["gone", "truncated", "empty", "text", "no data", "data truncated", "no text encoder", "no text weights"],
)
def test_what_is_damaged_or_missing_is_one_line(copied, capfd, spoil, words):
    spoil(copied)
    with pytest.raises(InputError, match=words) as error:
        open_graph(copied, "onnxruntime", "cpu")
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_graphs_of_others_are_rejected(tmp_path):
    tensor = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "foreign", [tensor], [result])
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "foreign.onnx")
    with pytest.raises(InputError, match=r"foreign\.onnx: .* not one that `tr2m export` wrote"):
        open_graph(tmp_path / "foreign.onnx", "onnxruntime", "cpu")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({CONFIG_KEY: "{"}, "is damaged"),
        ({CONFIG_KEY: "[]"}, "is damaged"),
        ({CONFIG_KEY: '{"colour": 1}'}, "unknown setting 'colour'"),
        ({TEXT_ENCODER_KEY: "../elsewhere"}, "no folder beside the file"),
        ({TEXT_ENCODER_KEY: ".."}, "no folder beside the file"),
        ({TEXT_ENCODER_KEY: ""}, "no folder beside the file"),
    ],
)
def test_metadata_that_make_no_sense(copied, changes, words):
    graph = onnx.load(copied, load_external_data=False)
    onnx.helper.set_model_props(graph, {entry.key: entry.value for entry in graph.metadata_props} | changes)
    copied.write_bytes(graph.SerializeToString())
    with pytest.raises(InputError, match=words) as error:
        open_graph(copied, "onnxruntime", "cpu")
    assert str(copied) in str(error.value)


class Bessel(nn.Module):
    """Something that ONNX has no operator for."""

    def forward(self, x):
        return torch.special.bessel_j0(x)


def test_a_failed_export_leaves_all_as_it_was(paper, copied):
    head = RescaleHead(paper.config.rescale_head)
    head.out_conv1 = Bessel()
    model = TR2M(paper.config, paper.relative_depth, paper.image_encoder, paper.text_encoder, head).eval()
    before = {path: path.read_bytes() for path in copied.parent.rglob("*") if path.is_file()}
    fast = torch.backends.mha.get_fastpath_enabled()
    with pytest.raises(Exception, match="bessel"):
        export_onnx(model, copied, SIZE)
    assert {path: path.read_bytes() for path in copied.parent.rglob("*") if path.is_file()} == before
    assert torch.backends.mha.get_fastpath_enabled() == fast


def test_a_second_export_takes_the_place_of_the_first(models, copied):
    written = export_onnx(models["paper"], copied, (28, 42), one_file_limit=100_000)
    assert set(written) == set(copied.parent.iterdir())
    assert open_graph(copied, "onnxruntime", "cpu").input_size == (28, 42)
    assert check_onnx(copied, models["paper"]) < 1e-4


@pytest.mark.parametrize("name", ["graph.pb", "graph", "folder.onnx"])
def test_names_that_cannot_be_written(paper, tmp_path, name):
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(InputError, match=name):
        export_onnx(paper, tmp_path / name, SIZE)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.onnx"]


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "mps"])
def test_devices_that_are_not_understood(files, device):
    with pytest.raises(InputError, match=f"device '{device}'"):
        open_graph(files["paper"], "onnxruntime", device)


@pytest.mark.skipif(CUDA, reason="this onnxruntime has CUDA")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_needs_another_onnxruntime(files, device):
    with pytest.raises(InputError, match=f"device '{device}'.*onnxruntime-gpu"):
        open_graph(files["paper"], "onnxruntime", device)


@pytest.mark.skipif(not (CUDA and torch.cuda.is_available()), reason="needs a GPU and onnxruntime-gpu")
def test_cuda_computes_the_same(files, backends):
    images = torch.randn(2, 3, *SIZES["embedded"], generator=torch.Generator().manual_seed(2))
    on_gpu, on_cpu = open_graph(files["embedded"], "onnxruntime", "cuda"), backends["embedded"]
    text = encoded(on_cpu, SENTENCES[:2])
    pairs = zip(on_gpu.run(images, text, True), on_cpu.run(images, text, True), strict=True)
    assert all(relative_difference(*pair) < 1e-2 for pair in pairs)


@pytest.fixture
def asked(monkeypatch):
    """The providers that an onnxruntime with a GPU and TensorRT is asked for, which then computes on the CPU."""
    asked, real, starts = [], onnxruntime.InferenceSession, SimpleNamespace(tensorrt=True)

    def session(path, options, providers):
        asked.extend(providers)
        opened = real(path, options, providers=[CPU])
        started = [name if isinstance(name, str) else name[0] for name in providers]
        monkeypatch.setattr(opened, "get_providers", lambda: started if starts.tensorrt else started[1:])
        return opened

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [TENSORRT, onnx_session.CUDA, CPU])
    monkeypatch.setitem(sys.modules, "tensorrt", ModuleType("tensorrt"))
    return SimpleNamespace(providers=asked, starts=starts)


def test_tensorrt_is_asked_before_cuda_and_keeps_what_it_builds(files, backends, asked, tmp_path, monkeypatch):
    monkeypatch.setenv("TR2M_HOME", str(tmp_path))
    backend = open_graph(files["embedded"], "tensorrt", "cuda:1")
    kept = tmp_path / "graphs" / "tensorrt"
    (first, options), (second, _), last = asked.providers
    assert (backend.engine, first, second, last) == ("tensorrt", TENSORRT, onnx_session.CUDA, CPU)
    assert (options["device_id"], options["trt_engine_cache_path"], kept.is_dir()) == (1, str(kept), True)
    images = torch.randn(1, 3, *SIZES["embedded"], generator=torch.Generator().manual_seed(2))
    text = encoded(backends["embedded"], SENTENCES[:1])
    assert torch.equal(backend.run(images, text, True)[0], backends["embedded"].run(images, text, True)[0])


def test_where_tensorrt_does_not_start_is_one_line(files, asked, tmp_path, monkeypatch):
    monkeypatch.setenv("TR2M_HOME", str(tmp_path))
    asked.starts.tensorrt = False
    with pytest.raises(InputError, match="cannot start TensorRT here and took CUDAExecutionProvider; use engine auto"):
        open_graph(files["embedded"], "tensorrt", "cuda")
    with pytest.raises(InputError, match="needs an NVIDIA GPU and onnxruntime-gpu: use engine auto"):
        open_graph(files["embedded"], "tensorrt", "cpu")
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(InputError, match=r"tensorrt is not installed: pip install tensorrt$"):
        open_graph(files["embedded"], "tensorrt", "cuda")


def test_packages_that_are_not_installed_are_named(paper, files, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match="onnx is not installed: pip install"):
        export_onnx(paper, tmp_path / "graph.onnx", SIZE)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match="onnxruntime is not installed: pip install"):
        open_graph(files["paper"], "onnxruntime", "auto")
