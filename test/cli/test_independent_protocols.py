"""The nine protocols against a program that was written from docs/protocols.md alone: the same nine metrics."""

from __future__ import annotations

import functools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import independent_protocols
import numpy as np
import pytest
import torch
from tiny_datasets import (
    write_c3vd,
    write_diode,
    write_hypersim,
    write_ibims,
    write_image,
    write_kitti,
    write_nyu,
    write_simcol,
    write_split,
    write_sunrgbd,
    write_void,
)

from tr2m_core.cli.main import main
from tr2m_core.data.base import DatasetConfig
from tr2m_core.data.dataset import Record
from tr2m_core.data.registry import DATASETS
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.model.tr2m import load_model

TREES = {
    "nyu": lambda folder: write_nyu(folder, count=2),
    "kitti": lambda folder: write_kitti(folder, count=1, unmeasured=1),
    "void": lambda folder: write_void(folder, count=1),
    "c3vd": lambda folder: write_c3vd(folder, ("cecum_t1_a", "cecum_t1_b", "sigmoid_t3_b")),
    "sunrgbd": lambda folder: write_sunrgbd(folder, ((480, 640), (427, 561))),
    "ibims": lambda folder: write_ibims(folder, ("kitchen_02", "corridor_01")),
    "hypersim": lambda folder: write_hypersim(folder, 2, size=(576, 768)),
    "diode_outdoor": lambda folder: write_diode(folder, 2, size=(576, 768)),
    "simcol": lambda folder: write_simcol(folder, 1, size=(475, 475)),
}


def scenery(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8: patches of colour under noise, so that it matters how images are resized."""
    patches = random.integers(0, 256, (9, 12, 3)).repeat(size[0] // 9 + 1, 0).repeat(size[1] // 12 + 1, 1)
    noise = random.integers(-60, 61, (*size, 3))
    return np.clip(patches[: size[0], : size[1]] + noise, 0, 255).astype(np.uint8)


def fill(config: DatasetConfig, record: Record, number: int) -> None:
    """New content for a record: an image, and depth from under to over the range, measured here and there."""
    random, dataset = np.random.default_rng(number), DATASETS[config.name]
    size = (540, 675) if config.name == "c3vd" else dataset.measured_size(record)
    write_image(record.image, scenery(size, random))
    low, high = dataset.protocol.min_depth, dataset.protocol.max_depth
    depth = np.exp(random.uniform(np.log(max(low, high / 50) / 1.1), np.log(high * 1.1), size))
    depth[random.random(size) > 0.05] = 0  # few pixels, none of which sits on a threshold of delta
    if config.name == "hypersim":
        import h5py

        depth[0, :2] = (np.nan, np.inf)
        with h5py.File(record.depth, "w") as file:
            file["dataset"] = depth.astype(np.float16)
    elif config.name == "diode_outdoor":
        depth[100, 50:53] = (np.nan, np.inf, -1)
        np.save(record.depth, depth[..., None].astype(np.float32))
        np.save(dataset.masks(record)[0], (random.random(size) < (0.5 if number else 0)).astype(np.float64))
    else:
        write_image(record.depth, np.minimum(depth / dataset.unit_per_count, 65535).astype(np.uint16))
    if config.name == "ibims":
        for path in dataset.masks(record):
            write_image(path, random.random(size) < 0.7)


def tree(name: str, folder: Path) -> tuple[DatasetConfig, dict[str, Path]]:
    """A small data set, and where its parts lie."""
    config = TREES[name](folder)
    if name == "sunrgbd":
        (folder / "gt").rename(folder / "depth")
        for path in sorted((folder / "depth").iterdir()):
            path.rename(path.with_name(f"{int(path.stem[4:])}.png"))
    records = DATASETS[name].records(config, "test", texts=False).records
    for number, record in enumerate(records):
        fill(config, record, number)
    if name in ("sunrgbd", "ibims", "hypersim", "diode_outdoor"):
        (folder / "all.txt").write_text("".join(f"A scene of kind {k}.\n" for k in range(len(records))).rstrip())
        config = replace(config, text_root="", text_file=str(folder / "all.txt"))
    if name == "diode_outdoor":
        images = [str(record.image.relative_to(folder)) for record in records]
        config = replace(config, split=write_split(folder / "images.txt", images[::-1]))
    keys = {"root": "root", "gt": "gt_root", "texts": "text_root", "split": "split", "text_file": "text_file"}
    return config, {key: Path(getattr(config, field)) for key, field in keys.items() if getattr(config, field)}


@pytest.fixture(scope="module")
def model(tiny_paper, tmp_path_factory):
    """The folder of a model whose depth is that of a room and so within all ranges."""
    folder = shutil.copytree(tiny_paper, tmp_path_factory.mktemp("room") / "model")
    config = json.loads((folder / "config.json").read_text())
    config["rescale_head"] |= {"scale_coefficient": 0.05, "shift_coefficient": 0.05}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("name", TREES)
def test_evaluate_gives_the_metrics_of_the_independent_program(model, tmp_path, capsys, name):
    if name == "hypersim":
        pytest.importorskip("h5py")
    config, folders = tree(name, tmp_path / "data")
    given = [
        (f"--{key.replace('_', '-')}", str(value)) for key, value in vars(config).items() if isinstance(value, str)
    ]
    given = [part for key, value in given if value and key != "--name" for part in (key, value)]
    chosen = ["--model", str(model), "--device", "cpu", "--precision", "fp32", "--json"]
    assert main(["evaluate", name, *given, *chosen]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["datasets"]
    rows = {row["method"].removeprefix(str(model)).removeprefix(", "): row for row in entry["rows"][::3]}

    parts, low, high = load_model(model).eval(), *independent_protocols.RANGE[name]
    encode = functools.cache(lambda description: parts.encode([description]))

    @torch.inference_mode()
    def network(pixels, description):
        depth = parts(pixels, encode(description)).metric_depth
        assert ((depth > low) & (depth < high)).float().mean() > 0.7
        return depth

    expected = independent_protocols.evaluate(name, folders, network)
    assert list(rows) == list(expected)
    assert len(rows) == (2 if name in ("ibims", "diode_outdoor") else 1)
    for label, values in expected.items():
        assert [rows[label][metric] for metric in METRIC_NAMES] == pytest.approx(values, rel=1e-6), label
        assert 0 < rows[label]["delta3"] < 1 and rows[label]["alignment"] == "metric"
