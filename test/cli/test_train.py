"""`tr2m train`: from a configuration to a model, checked, killed, resumed, and on several processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny_datasets import gradient, write_c3vd, write_image, write_kitti, write_nyu, write_void

from tr2m_core import DepthPredictor
from tr2m_core.cli.main import main
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.model.tr2m import load_model
from tr2m_core.train.checkpoint import load_state
from tr2m_core.train.config import read_config
from tr2m_core.train.record import read_lines
from tr2m_core.train.trainer import make_accelerator
from tr2m_core.train.validation import HeldOut

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "config" / "train" / "paper.yaml"
HEAD = "model/rescale_head.safetensors"


@pytest.fixture
def tr2m(capsys):
    """Runs a verb; returns exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        return (main([str(argument) for argument in arguments]), *capsys.readouterr())

    return run


@pytest.fixture
def write_config(tmp_path, tiny_paper):
    """Writes a configuration on two procedural scene sets; keywords change it."""

    def write(**changes: object) -> Path:
        scenes = {"name": "procedural", "domains": ["tube"], "scenes": 6, "input_size": [28, 42]}
        values = {
            "model": {"base": str(tiny_paper)},
            "device": "cpu",
            "datasets": [scenes, scenes | {"scene_seed": 2}],
            "batch_size": 2,
            "steps": 2,
            "optimizer": {"learning_rate": 1.0e-3},
            "loss": {"gate": 0.0, "contrast_settings": {"start_epoch": 0, "warmup_steps": 2, "samples": 1000}},
            "log_every": 1,
        }
        path = tmp_path / "tiny.yaml"
        path.write_text(yaml.safe_dump(values | changes))
        return path

    return write


@pytest.fixture
def one_thread():
    """As the processes that are compared have."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """Overrides that put small trees, on which the tiny model runs fast, in place of the paper's data."""
    folder = tmp_path_factory.mktemp("trees")
    sets = [write_nyu(folder / "nyu", count=3), write_kitti(folder / "kitti"), write_void(folder / "void")]
    sets.append(write_c3vd(folder / "c3vd"))
    (folder / "nyu" / "sync" / "kitchen_0028b" / "sync_depth_00002.png").unlink()
    overrides = []
    for kind, chosen in (("datasets", sets), ("validation.datasets", sets[:2])):
        for place, dataset in enumerate(chosen):
            where = f"{kind}.{place}"
            overrides += [
                f"{where}.{key}='{getattr(dataset, key)}'" for key in ("root", "gt_root", "text_root", "split")
            ]
            overrides.append(f"{where}.input_size=[28, 42]")
    return overrides


@pytest.fixture
def small_paper(trees, tiny_paper):
    """Options that make a run of four steps of the paper's configuration."""
    changes = [f"model.base={tiny_paper}", "device=cpu", "precision=fp32", "batch_size=2", "steps=4", "workers=0"]
    changes += ["validation.every=0", "validation.panels=1", "log_every=1", *trees]
    return [option for change in changes for option in ("--set", change)]


# ---- what is missing ----


def test_check_names_every_missing_root(tr2m, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = tr2m("train", PAPER, "--check")
    assert code == 2
    config = read_config(PAPER, [])
    named = [("datasets", each) for each in config.datasets]
    named += [("validation.datasets", each) for each in config.validation.datasets]
    assert len(named) == 6
    for place, dataset in named:
        line = next(line for line in out.splitlines() if line.startswith(f"{place}: {dataset.name}: no such folder: "))
        for key in ("root", "gt_root", "text_root"):
            assert (f"{key} {getattr(dataset, key)}" in line) == bool(getattr(dataset, key)), (place, dataset.name, key)
        assert f"{place}: {dataset.name}" in err
    assert err.startswith("tr2m: error: ") and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_check_counts_broken_records(tr2m, small_paper, trees):
    code, out, err = tr2m("train", PAPER, *small_paper, "--check")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "datasets: nyu: 2 of 3 records usable, 1 missing depth" in lines
    assert any("missing depth: " in line and line.endswith("sync_depth_00002.png") for line in lines)
    for line in (
        "datasets: kitti: 2 of 2 records usable",
        "datasets: void: 2 of 2 records usable",
        "datasets: c3vd: 1 of 1 records usable",  # the other video is for evaluation
        "validation.datasets: nyu: 2 of 3 records usable, 1 missing depth",
        "validation.datasets: kitti: 2 of 2 records usable",
    ):
        assert line in lines
    assert any(line.startswith("model ") and "relative_depth, " in line for line in lines)


def test_missing_frozen_parts_are_named(tr2m, write_config, tmp_path):
    config = write_config(model={"base": str(tmp_path / "nowhere" / "model")})
    for options in ([], ["--check"]):
        code, out, err = tr2m("train", config, *options)
        assert code == 2
        assert err.count("\n") == 1 and "nowhere/model" in out + err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "learning_rate=1"], "unknown setting 'learning_rate'"),
        (["--set", "batch_size"], "--set batch_size: must be key=value"),
        (["--set", "datasets=[]"], "datasets: none is named"),
        (
            ["--set", "datasets.0.name=nyuu"],
            "unknown data set 'nyuu'; known: nyu, kitti, void, c3vd, sunrgbd",
        ),
        (["--set", "accumulation=3"], "batch_size 2 is not divisible by accumulation 3"),
        (["--set", "model.checkpoint=none.pth"], "none.pth: no such file"),
        (["--resume", "nothing"], "nothing: nothing to resume from"),
        (["--resume", "."], ".: nothing to resume from"),
        (["--resume", ".", "--output", "out"], "not allowed with argument"),
        (["--output", "tiny.yaml"], "tiny.yaml: cannot hold a run"),
        (["--output", "tiny.yaml/run"], "tiny.yaml/run: cannot hold a run"),
        (["--set", "head.features=0"], "rescale head: features is 0; it must lie in 1..8192"),
        (["--set", "head.heads=7"], "rescale head: 7 heads cannot share a width of"),
    ],
)
def test_wrong_usage_is_one_line(tr2m, write_config, tmp_path, monkeypatch, options, words):
    config = write_config()
    monkeypatch.chdir(tmp_path)
    code, out, err = tr2m("train", config, *options)
    assert (code, out) == (2, "")
    assert err.startswith("tr2m: error: ") and err.count("\n") == 1
    assert words in err
    assert not (tmp_path / "nothing").exists() and not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("name", ["accelerate", "tensorboard"])
def test_missing_packages_are_named(tr2m, write_config, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    code, _, err = tr2m("train", write_config())
    assert (code, err) == (2, f"tr2m: error: training needs {name}: pip install 'tr2m_ros[train]'\n")


def test_a_run_that_diverges_is_one_line(tr2m, write_config, tmp_path):
    config = write_config(steps=50, max_skipped=3, optimizer={"learning_rate": 1e30})
    code, _, err = tr2m("train", config, "--output", tmp_path / "run")
    assert code == 2
    assert re.fullmatch(
        r"tr2m: error: step \d: 3 steps in a row were not finite, the last on data set 'procedural:tube', "
        r"samples \d, \d; look at these, or lower optimizer.learning_rate\n",
        err,
    )


# ---- the paper's run in miniature ----


@pytest.fixture
def finished(tr2m, small_paper, tmp_path):
    code, out, err = tr2m("train", PAPER, *small_paper, "--output", tmp_path / "run")
    assert code == 0
    assert err == "tr2m: note: nyu: 2 of 3 records usable, 1 missing depth\n"
    assert out.endswith(f"written to {tmp_path / 'run'}; the model is {tmp_path / 'run' / 'model'}\n")
    assert all(name in out for name in ("nyu", "kitti", *METRIC_NAMES))
    return tmp_path / "run"


def test_four_data_sets_become_a_model(tr2m, finished, small_paper, tmp_path):
    assert [entry["step"] for entry in read_lines(finished / "log.jsonl")] == [1, 2, 3, 4]
    for entry in read_lines(finished / "log.jsonl"):
        assert entry["images_per_second"] > 0 and 0 <= entry["loading"] <= 1
    rates = [entry["learning_rate"] for entry in read_lines(finished / "log.jsonl")]
    assert rates == pytest.approx([1e-5] * 4)  # four steps are one epoch: a batch of each data set
    metrics = read_lines(finished / "validation.jsonl")[-1]["metrics"]
    assert metrics.keys() == {"nyu", "kitti"}
    assert all(np.isfinite(list(row.values())).all() for row in metrics.values())

    image = tmp_path / "image.png"
    write_image(image, gradient((48, 64)))
    options = ("--text", "A desk.", "--model", finished / "model", "--engine", "torch")
    code, _, err = tr2m("infer", image, *options, "-o", tmp_path / "out")
    assert (code, err) == (0, "")
    depth = np.load(tmp_path / "out" / "image_depth.npy", allow_pickle=False)
    predictor = DepthPredictor.from_pretrained(finished / "model", device="cpu", precision="fp32", antialias=True)
    predicted = predictor.predict(gradient((48, 64)), "A desk.").metric_depth
    assert predicted.shape == (48, 64) and np.isfinite(predicted).all() and (predicted > 0).all()
    assert depth == pytest.approx(predicted, rel=1e-3)

    # What tells how to do it again
    overrides = small_paper[1::2]
    assert read_config(finished / "config.yaml", []) == read_config(PAPER, overrides)
    environment = json.loads((finished / "environment.json").read_text())
    assert environment["torch"] == torch.__version__ and environment["processes"] == 1
    for package in ("accelerate", "transformers", "numpy", "python", "tr2m"):
        assert re.match(r"\d+\.\d+", environment[package]), package
    if (ROOT / ".git").exists():
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
        assert environment["git_revision"].removesuffix("+changes") == head

    events = EventAccumulator(str(finished / "tensorboard")).Reload()
    scalars = {"train/loss", "train/log_loss", "train/pseudo_depth", "train/smoothness"}
    scalars |= {"train/learning_rate", "train/grad_norm", "nyu/abs_rel", "kitti/delta1"}
    assert scalars <= set(events.Tags()["scalars"])
    assert "train/contrast_coarse" not in events.Tags()["scalars"]  # both levels wait for the second epoch
    assert events.Scalars("train/loss")[-1].step == 4
    assert events.Scalars("nyu/abs_rel")[-1].value == pytest.approx(metrics["nyu"]["abs_rel"], rel=1e-5)
    assert events.Tags()["images"] == ["nyu/0", "kitti/0"]
    assert events.Images("nyu/0")[0].encoded_image_string.startswith(b"\x89PNG")


def test_a_finished_run_is_neither_repeated_nor_overwritten(tr2m, finished, small_paper):
    kept = ["checkpoints/last.pt", "checkpoints/best.pt", HEAD, "model/config.json", "log.jsonl", "validation.jsonl"]
    before = {name: (finished / name).read_bytes() for name in [*kept, "config.yaml"]}
    code, out, _ = tr2m("train", PAPER, *small_paper, "--resume", finished)
    assert code == 0 and str(finished) in out
    assert before == {name: (finished / name).read_bytes() for name in before}
    code, _, err = tr2m("train", PAPER, *small_paper, "--output", finished)
    assert code == 2 and err.count("\n") == 1
    assert f"--resume {finished}" in err
    assert before == {name: (finished / name).read_bytes() for name in before}


def test_a_finished_run_goes_on_when_more_steps_are_asked_for(tr2m, write_config, tmp_path):
    assert tr2m("train", write_config(steps=2), "--output", tmp_path / "run")[0] == 0
    with (tmp_path / "run" / "log.jsonl").open("ab") as log:
        log.write(b"\xff\n[1]\n{}\n")  # what a full disk or an editor may leave
    assert tr2m("train", write_config(steps=2), "--resume", tmp_path / "run", "--set", "steps=3")[0] == 0
    assert [entry["step"] for entry in read_lines(tmp_path / "run" / "log.jsonl")] == [1, 2, 3]


@pytest.mark.parametrize("state", [{"step": -1}, {"step": "x"}, [1], {"step": 1, "model": 3}])
def test_a_state_of_something_else_is_one_line(tr2m, write_config, tmp_path, state):
    path = tmp_path / "run" / "checkpoints" / "last.pt"
    path.parent.mkdir(parents=True)
    torch.save(state, path)
    code, _, err = tr2m("train", write_config(), "--resume", tmp_path / "run")
    assert code == 2 and err.startswith("tr2m: error: ") and err.count("\n") == 1
    assert str(tmp_path / "run") in err


def test_a_run_goes_where_its_configurations_name_says(tr2m, write_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = write_config(steps=1)
    for folder in ("tiny", "tiny-2"):  # the second run leaves the first alone
        assert tr2m("train", config)[0] == 0
        assert load_model(tmp_path / "runs" / folder / "model").config.name == "tiny-paper"
    assert len(list((tmp_path / "runs").iterdir())) == 2


# ---- real processes ----


def assert_same(first: object, second: object, where: str = "state") -> None:
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second), where
    elif isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key in first:
            assert_same(first[key], second[key], f"{where}.{key}")
    elif isinstance(first, list):
        for place, (a, b) in enumerate(zip(first, second, strict=True)):
            assert_same(a, b, f"{where}.{place}")
    else:
        assert first == second, where


def test_kill_9_loses_no_more_than_the_last_steps(tr2m, write_config, tmp_path, one_thread):
    every = 4
    config = write_config(steps=40, ema=0.9, checkpoint_every=every, validation={"scenes": 1, "every": 10, "panels": 0})
    run, log = tmp_path / "run", tmp_path / "run" / "log.jsonl"
    for target in (12, 25):
        command = [sys.executable, "-m", "tr2m_core", "train", str(config)]
        command += ["--resume" if run.exists() else "--output", str(run)]
        process = subprocess.Popen(command, env=one_thread, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 250
        while not (steps := [entry["step"] for entry in read_lines(log)]) or steps[-1] < target:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        steps = [entry["step"] for entry in read_lines(log)]
        assert steps == list(range(1, len(steps) + 1)) and target <= len(steps) < 40
        assert len(steps) - every <= load_state(run)["step"] <= len(steps) + 1
        assert load_model(run / "model").config.name == "tiny-paper"
    assert tr2m("train", config, "--resume", run)[0] == 0
    assert tr2m("train", config, "--output", tmp_path / "straight")[0] == 0
    assert_same(load_state(run), load_state(tmp_path / "straight"))
    assert_same(load_file(run / HEAD), load_file(tmp_path / "straight" / HEAD))
    assert [entry["step"] for entry in read_lines(log)] == list(range(1, 41))
    straight = [entry["loss"] for entry in read_lines(tmp_path / "straight" / "log.jsonl")]
    assert [entry["loss"] for entry in read_lines(log)] == straight
    assert read_lines(run / "validation.jsonl") == read_lines(tmp_path / "straight" / "validation.jsonl")


def test_two_processes_train_and_measure_as_one(tr2m, write_config, tmp_path, one_thread):
    """Each process has one image of every step, as each of two accumulated batches of one process has.

    The fine contrast takes all pixels, so that it does not matter which process draws them, and keys of the image
    itself, the only one that a process has.
    """
    scenes = {"name": "procedural", "domains": ["tube"], "scenes": 6, "scene_seed": 2, "input_size": [28, 42]}
    contrast = {"start_epoch": 0, "warmup_steps": 2, "samples": 1000, "keys_from": "all_images"}
    loss = {"gate": 0.0, "contrast_settings": contrast}
    shared = {"datasets": [scenes], "steps": 3, "ema": 0.5, "loss": loss, "validation": {"scenes": 6, "panels": 1}}
    config = write_config(**shared)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # --multi_gpu is what accelerate calls several processes; the configuration says that they have no GPU.
    launch = f"-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --main_process_port {port}"
    launch += " --mixed_precision no --dynamo_backend no -m tr2m_core train"
    command = [sys.executable, *launch.split(), str(config), "--output", str(tmp_path / "two")]
    done = subprocess.run(command, env=one_thread, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("written to") == 1
    assert json.loads((tmp_path / "two" / "environment.json").read_text())["processes"] == 2

    accelerator = make_accelerator(read_config(config, []), tmp_path / "measured")
    held_out = HeldOut(read_config(config, []).validation, accelerator)
    measured = held_out.measure(load_model(tmp_path / "two" / "model"))["procedural"]
    reported = read_lines(tmp_path / "two" / "validation.jsonl")
    assert [entry["step"] for entry in reported] == [3]
    assert reported[-1]["metrics"]["procedural"] == pytest.approx(measured, rel=1e-6)

    assert tr2m("train", write_config(**shared, accumulation=2), "--output", tmp_path / "one")[0] == 0
    one, two = (read_lines(tmp_path / name / "log.jsonl") for name in ("one", "two"))
    for term in ("loss", "log_loss", "pseudo_depth", "contrast_fine", "smoothness", "grad_norm"):
        values = [entry[term] for entry in one]
        assert [entry[term] for entry in two] == pytest.approx(values, rel=1e-4) and max(values) > 0, term
    first, second = load_state(tmp_path / "one"), load_state(tmp_path / "two")
    for part in ("model", "average", "task"):
        for name, value in first[part].items():
            assert (second[part][name] - value).norm() <= 1e-4 * value.norm(), f"{part}.{name}"
