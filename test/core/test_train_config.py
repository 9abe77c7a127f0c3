"""The settings of a training run: what is read, what is rejected, and that the shipped files say what they should."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from tr2m_core.errors import InputError
from tr2m_core.settings import merge
from tr2m_core.train.config import TrainConfig, read_config, resolved

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "config" / "train").glob("*.yaml"))


@pytest.fixture
def read(tmp_path):
    """Reads settings given as YAML text, with overrides."""

    def read_text(text: str, *overrides: str) -> TrainConfig:
        (tmp_path / "run.yaml").write_text(text)
        return read_config(tmp_path / "run.yaml", list(overrides))

    return read_text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "must be a mapping"),
        ("a: [", "not readable YAML"),
        ("[" * 5000, "not readable YAML"),
        ("steps: 1\nseed: 2\nsteps: 3", "'steps' is set twice, again in line 3"),
        ("optimizer: {eps: 1.0e-6, eps: 1.0e-8}", "'eps' is set twice"),
        ("learning_rat: 1", "unknown setting 'learning_rat'; known: .*optimizer"),
        ("optimizer: {learning_rat: 1}", "unknown setting 'optimizer.learning_rat'; known: .*eps"),
        ("datasets: [{name: nyu}, {nam: nyu}]", "unknown setting 'datasets.1.nam'; known: .*gt_root"),
        ("optimizer: {learning_rate: fast}", "'optimizer.learning_rate' must be a valid number, not 'fast'"),
        ("optimizer: {learning_rate: true}", "'optimizer.learning_rate' must be a valid number, not True"),
        ("optimizer: {learning_rate: -1}", "learning_rate: -1.0 must be finite and not negative"),
        ("optimizer: {eps: .nan}", "eps: nan must be finite"),
        ("optimizer: {learning_rate: .inf}", "learning_rate: inf must be finite"),
        ("relative: {gradient_weight: .nan}", "gradient_weight: nan must be finite"),
        ("features: {scenes: -1}", "scenes: -1 must be finite and not negative"),
        ("features: {scenes: 2}", "features.sentences: 0 must be at least 1"),
        ("features: {ground_truth_share: 2}", "features.ground_truth_share: 2.0 must be over 0"),
        ("seed: 4294967296", "seed: 4294967296 must be at most 4294967295"),
        ("optimizer: {betas: [0.9, 2]}", "betas: .* two numbers"),
        ("optimizer: {betas: [0.9]}", r"'optimizer\.betas\.1' is missing"),
        ("optimizer: {betas: [0.9, high]}", r"'optimizer\.betas\.1' must be a valid number, not 'high'"),
        ("optimizer: fast", "'optimizer' must be a mapping, not 'fast'"),
        ("batch_size: 2.5", "'batch_size' must be a valid integer, not 2.5"),
        ("batch_size: '2'", "'batch_size' must be a valid integer, not '2'"),
        ("precision: 16", "'precision' must be a valid string, not 16"),
        ("datasets: {name: nyu}", "'datasets' must be a list, not {'name': 'nyu'}"),
        ("datasets: [nyu]", "'datasets.0' must be a mapping, not 'nyu'"),
        ("datasets: [{mean_weight: much}]", r"'datasets\.0\.mean_weight' must be a valid number, not 'much'"),
        ("datasets: [{input_size: 434}]", r"'datasets\.0\.input_size' must be a list, not 434"),
        ("datasets: [{input_size: [28, 42, 3]}]", r"'datasets\.0\.input_size' must have at most 2 items"),
        ("a: &a [*a]", "run.yaml: [Cc]ircular"),
        ("stage: all", "stage: 'all' is not one of rescale, relative"),
        ("precision: fp8", "precision: 'fp8' is not one of fp32, bf16, fp16, auto"),
        ("device: tpu", "device: 'tpu' is not one of auto, cpu"),
        ("optimizer: {schedule: linear}", "optimizer.schedule: 'linear' is not one of epoch_decay, cosine"),
        ("validation: {metric: accuracy}", "validation.metric: 'accuracy' is not one of silog, abs_rel"),
        ("validation: {samples: -1}", "samples: -1 must be finite and not negative"),
        ("accumulation: 0", "accumulation: 0 must be at least 1"),
        ("seed: -1", "seed: -1 must be finite and not negative"),
        ("ema: 1.0", "ema: 1.0 must lie in 0..1"),
        ("relative: {style_mixing: 2}", r"relative\.style_mixing: 2\.0 must lie in 0\.\.1"),
        ("relative: {style_alpha: 0}", r"relative\.style_alpha: 0\.0 must be over 0"),
        ("relative: {channel_dropout: 1}", r"relative\.channel_dropout: 1\.0 must lie in 0\.\.1"),
        ("relative: {scenes: {count: -1}}", "count: -1 must be finite and not negative"),
        ("phases: [{input_size: [28, 42], batch_size: 0, steps: 1}]", "phases 0: batch_size and steps"),
        ("phases: [{input_size: [28, 42]}]", "phases 0: batch_size and steps"),
        ("loss: {contrast_settings: {momentum: 2}}", "momentum: 2.0 must lie in 0..1"),
    ],
)
def test_wrong_settings_are_named(read, tmp_path, text, message):
    with pytest.raises(InputError, match=message) as error:
        read(text)
    assert str(error.value).startswith(str(tmp_path / "run.yaml"))
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: no such configuration file"):
        read_config(tmp_path / "none.yaml", [])


def test_numbers_that_yaml_takes_for_words(read):
    config = read("optimizer: {learning_rate: 1e-5, eps: 1e-6}", "optimizer.weight_decay=1e-2", "ema=5e-1")
    optimizer = config.optimizer
    assert (optimizer.learning_rate, optimizer.eps, optimizer.weight_decay, config.ema) == (1e-5, 1e-6, 1e-2, 0.5)
    assert type(optimizer.learning_rate) is float


def test_an_empty_file_is_the_defaults(read):
    assert read("") == TrainConfig()


def test_overrides_reach_into_levels_and_lists(read):
    text = "datasets: [{name: nyu, root: a}, {name: void, root: b}]\nloss: {log_loss: 2.0}"
    config = read(
        text,
        "datasets.1.root=/data/void=1",
        "datasets.0.input_size=[28, 42]",
        "loss.contrast_settings.samples=7",
        "optimizer.learning_rate=3e-4",
        "phases=[{input_size: [14, 28], batch_size: 3, steps: 2}]",
        "model.base='my model'",
    )
    assert [each.root for each in config.datasets] == ["a", "/data/void=1"]
    assert config.datasets[0].input_size == (28, 42)
    assert (config.loss.log_loss, config.loss.contrast_settings.samples) == (2.0, 7)
    assert (config.optimizer.learning_rate, config.model.base) == (3e-4, "my model")
    assert [dataclasses.astuple(phase) for phase in config.phases] == [((14, 28), 3, 2)]


def test_the_last_override_counts(read):
    assert read("seed: 1", "seed=2", "seed=3").seed == 3


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "--set seed: must be key=value"),
        ("=1", "--set =1: must be key=value"),
        ("datasets.5.root=x", "--set datasets.5.root=x: there is no such place"),
        ("datasets.first.root=x", "there is no such place"),
        ("seed.deep=1", "there is no such place"),
        ("datasets.0=[", "not readable YAML"),
        ("sead=1", "unknown setting 'sead'"),
        ("optimizer.lr=1", "unknown setting 'optimizer.lr'"),
        ("seed=many", "'seed' must be a valid integer, not 'many'"),
    ],
)
def test_wrong_overrides_are_named(read, override, message):
    with pytest.raises(InputError, match=message):
        read("datasets: [{name: nyu}]\nseed: 1", override)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configurations_read_and_write_back(path, tmp_path):
    config = read_config(path, ["seed=7", "optimizer.learning_rate=1e-7"])
    assert (config.seed, config.optimizer.learning_rate) == (7, 1e-7)
    (tmp_path / "written.yaml").write_text(resolved(config))
    assert read_config(tmp_path / "written.yaml", []) == config
    written = yaml.safe_load(resolved(config))
    assert set(written) == {field.name for field in dataclasses.fields(TrainConfig)}


def test_stages_of_the_shipped_configurations():
    stages = {path.stem: read_config(path, []).stage for path in SHIPPED}
    assert {"paper", "smoke", "embedded_relative"} <= set(stages)
    assert all(stage == ("relative" if "relative" in name else "rescale") for name, stage in stages.items())


def test_the_papers_recipe():
    """The values that the paper and its authors' options publish; what is chosen here is marked "ours" in the file."""
    config = read_config(next(path for path in SHIPPED if path.stem == "paper"), [])
    assert (config.stage, config.model.base, config.head, config.features.scenes) == ("rescale", "paper", {}, 0)
    assert (config.batch_size, config.epochs, config.steps, config.phases) == (8, 20, 0, ())
    optimizer = config.optimizer
    assert (optimizer.learning_rate, optimizer.weight_decay, optimizer.eps) == (1e-5, 1e-2, 1e-6)
    assert (optimizer.schedule, optimizer.decay_per_epoch, optimizer.warmup_steps) == ("epoch_decay", 0.9, 0)
    loss = config.loss
    assert (loss.log_loss, loss.pseudo_depth, loss.contrast, loss.smoothness) == (1.0, 0.5, 0.1, 0.01)
    assert (loss.factor, loss.relative_error) == (10.0, 0.0)
    contrast = loss.contrast_settings
    assert (contrast.momentum, contrast.start_epoch, contrast.warmup_steps) == (0.99, 1, 1000)
    focus = {each.name: each.mean_weight for each in config.datasets}
    assert focus == {"nyu": 0.6, "kitti": 1.0, "void": 0.6, "c3vd": 1.0}
    assert config.ema == 0.0


def test_the_defaults_are_the_papers():
    paper = read_config(next(path for path in SHIPPED if path.stem == "paper"), [])
    default = TrainConfig()
    for name in ("model", "head", "loss", "optimizer", "batch_size", "accumulation", "epochs", "phases", "ema"):
        assert getattr(paper, name) == getattr(default, name), name


def test_settings_from_a_mapping_name_their_origin():
    with pytest.raises(InputError, match=r"^the test: stage: 'x'"):
        merge(TrainConfig(), {"stage": "x"}, "the test")
