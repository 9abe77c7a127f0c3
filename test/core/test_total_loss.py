"""The sum of the losses: weights, switches, gradients, and inputs at the edge of what a batch can be."""

import dataclasses
import itertools
import math
from pathlib import Path

import pytest
import torch

from tr2m_core.data.base import DatasetConfig, DepthProtocol
from tr2m_core.data.registry import DATASETS, build_source, find_dataset
from tr2m_core.errors import InputError
from tr2m_core.losses.log_loss import log_loss
from tr2m_core.losses.smoothness import edge_aware_smoothness
from tr2m_core.losses.total import ContrastConfig, LossConfig, LossInputs, LossOutput, TotalLoss, relative_error
from tr2m_core.train.config import read_config
from tr2m_core.types import RescaleMaps

CONTRAST = ContrastConfig(classes=8, samples=20)
EVERYTHING = LossConfig(relative_error=0.7, contrast_settings=CONTRAST)
TERMS = {"log_loss", "pseudo_depth", "contrast_coarse", "contrast_fine", "smoothness", "relative_error"}
OF_WEIGHT = {"contrast": ("contrast_coarse", "contrast_fine")}
CONTRAST_WEIGHT = 0.25
PAPER = Path(__file__).resolve().parents[2] / "config" / "train" / "paper.yaml"


def batch(count: int = 4, seed: int = 0) -> LossInputs:
    """Depth that relative depth explains in all images but the last, ground truth at a third of the pixels."""
    generator = torch.Generator().manual_seed(seed)

    def rand(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator)

    relative = rand(count, 1, 12, 16)
    slope = torch.linspace(0.4, 0.8, count).view(-1, 1, 1, 1)
    depth = 1 / (slope * relative + 0.15)
    depth[-1] = 1 + 5 * rand(1, 12, 16)
    maps, key_maps = (
        RescaleMaps(
            rand(count, 1, 14, 14), rand(count, 1, 14, 14), rand(count, 6, 8, 8) - 0.5, rand(count, 6, 8, 8) - 0.5
        )
        for _ in range(2)
    )
    return LossInputs(
        prediction=depth * (0.8 + 0.5 * rand(count, 1, 12, 16)),
        relative_depth=relative,
        ground_truth=depth,
        valid=rand(count, 1, 12, 16) < 1 / 3,
        maps=maps,
        key_maps=key_maps,
        image=rand(count, 3, 14, 14),
        protocol=DepthProtocol(min_depth=0.1, max_depth=10.0, mean_weight=0.6),
        contrast_weight=CONTRAST_WEIGHT,
    )


def computed(config: LossConfig, inputs: LossInputs, seed: int = 1) -> LossOutput:
    return TotalLoss(config)(inputs, torch.Generator().manual_seed(seed))


def learnable(inputs: LossInputs) -> dict[str, torch.Tensor]:
    """The tensors of the inputs that a gradient could reach, as leaves."""
    inputs.prediction.requires_grad_()
    for maps in (inputs.maps, inputs.key_maps):
        for tensor in maps:
            tensor.requires_grad_()
    return {"prediction": inputs.prediction, **inputs.maps._asdict()}


def test_total_is_the_weighted_sum_of_its_terms():
    total, terms = computed(dataclasses.replace(EVERYTHING, factor=3.0), batch())
    assert terms.keys() == TERMS | {"pseudo_kept"}
    assert all(terms[name] > 0 for name in TERMS)
    expected = (
        1.0 * terms["log_loss"]
        + 0.5 * terms["pseudo_depth"]
        + 0.1 * CONTRAST_WEIGHT * (terms["contrast_coarse"] + terms["contrast_fine"])
        + 0.01 * terms["smoothness"]
        + 0.7 * terms["relative_error"]
    )
    assert total.item() == pytest.approx(3 * expected.item(), rel=1e-6)
    assert not any(term.requires_grad for term in terms.values())


def test_terms_are_those_of_their_own_functions():
    inputs = batch()
    terms = computed(EVERYTHING, inputs).terms
    assert torch.equal(terms["log_loss"], log_loss(inputs.prediction, inputs.ground_truth, inputs.valid, 0.6))
    both = sum(edge_aware_smoothness(m, inputs.image) for m in (inputs.maps.scale_map, inputs.maps.shift_map))
    assert terms["smoothness"].item() == pytest.approx(both.item())
    assert terms["pseudo_kept"].item() == 0.75
    # Pseudo depth is the ground truth of the first three images, at every pixel, and the last image is not kept.
    everywhere = torch.ones_like(inputs.valid[:3])
    dense = log_loss(inputs.prediction[:3], inputs.ground_truth[:3], everywhere, 0.6)
    assert terms["pseudo_depth"].item() == pytest.approx(dense.item(), rel=1e-4)


def configured() -> list[DatasetConfig]:
    """Every published data set as it is, and those of the configurations that train a head, as they are there."""
    mixes = [read_config(PAPER.with_name(name), []).datasets for name in ("paper.yaml", "procedural_mix.yaml")]
    return [*map(DatasetConfig, DATASETS), DatasetConfig("procedural"), *itertools.chain.from_iterable(mixes)]


@pytest.mark.parametrize("config", configured(), ids=lambda config: f"{config.name}-{config.mean_weight}")
def test_both_log_losses_see_a_size_that_is_wrong_by_three(config: DatasetConfig):
    if config.name == "procedural":
        protocol = build_source(dataclasses.replace(config, scenes=1), 0, "cpu").protocol
    else:
        protocol = find_dataset(config.name).chosen_protocol(config)
    # Depth amid the range, predicted with an error of 20 %.
    middle = math.sqrt(protocol.min_depth * protocol.max_depth)
    inputs = dataclasses.replace(batch(), protocol=protocol)
    truth = middle * (inputs.relative_depth + 0.5).reciprocal()
    error = (0.2 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(2))).exp()
    inputs.relative_depth = inputs.relative_depth + 0.02 * error
    inputs.ground_truth = truth

    def losses(factor: float) -> tuple[float, float]:
        inputs.prediction = factor * truth * error
        terms = computed(LossConfig(contrast=0.0, smoothness=0.0), inputs).terms
        assert terms["pseudo_kept"] == 1.0
        return terms["log_loss"].item(), terms["pseudo_depth"].item()

    right = losses(1.0)
    for factor in (1 / 3, 3.0):
        assert all(wrong > 2 * loss for wrong, loss in zip(losses(factor), right, strict=True))


@pytest.mark.parametrize("weight", ["log_loss", "pseudo_depth", "contrast", "smoothness", "relative_error"])
def test_a_weight_of_zero_takes_its_term_away_and_nothing_else(weight: str):
    total, terms = computed(EVERYTHING, batch())
    without, left = computed(dataclasses.replace(EVERYTHING, **{weight: 0.0}), batch())
    names = OF_WEIGHT.get(weight, (weight,))
    share = sum(terms[name] * (CONTRAST_WEIGHT if weight == "contrast" else 1.0) for name in names)
    expected = EVERYTHING.factor * getattr(EVERYTHING, weight) * share.item()
    assert (total - without).item() == pytest.approx(expected, rel=1e-4)
    gone = {*names, "pseudo_kept"} if weight == "pseudo_depth" else set(names)
    assert left.keys() == terms.keys() - gone
    assert all(torch.equal(left[name], terms[name]) for name in left)


@pytest.mark.parametrize(
    ("change", "waiting"),
    [({"contrast_weight": 0.0}, {"contrast_coarse", "contrast_fine"}), ({"key_maps": None}, {"contrast_fine"})],
)
def test_contrast_waits_for_its_weight_and_the_fine_one_for_its_keys(change: dict, waiting: set[str]):
    total, terms = computed(EVERYTHING, batch())
    without, left = computed(EVERYTHING, dataclasses.replace(batch(), **change))
    assert left.keys() == terms.keys() - waiting
    share = sum(terms[name].item() for name in waiting)
    assert (total - without).item() == pytest.approx(10 * 0.1 * CONTRAST_WEIGHT * share, rel=1e-4)


def test_keys_of_the_fine_contrast_come_from_where_the_configuration_says():
    found = {}
    for keys_from in ("other_images", "all_images"):
        settings = dataclasses.replace(CONTRAST, keys_from=keys_from)
        found[keys_from] = computed(dataclasses.replace(EVERYTHING, contrast_settings=settings), batch()).terms
    assert not torch.equal(found["other_images"]["contrast_fine"], found["all_images"]["contrast_fine"])
    alone = computed(EVERYTHING, batch(1)).terms  # no other image, no key
    assert alone["contrast_fine"].item() == 0.0


def test_pseudo_depth_is_fitted_to_what_the_configuration_says():
    inputs = batch()
    inputs.ground_truth = 5 - 4.8 * inputs.relative_depth  # a straight line in depth, not in inverse depth
    kept = {}
    for target in ("depth", "inverse_depth"):
        config = dataclasses.replace(EVERYTHING, pseudo_target=target, gate=0.999)
        kept[target] = computed(config, inputs).terms["pseudo_kept"].item()
    assert kept == {"depth": 1.0, "inverse_depth": 0.0}


def test_log_losses_need_neither_maps_nor_image():
    config = dataclasses.replace(EVERYTHING, contrast=0.0, smoothness=0.0)
    inputs = dataclasses.replace(batch(), maps=None, key_maps=None, image=None)
    assert torch.equal(computed(config, inputs).total, computed(config, batch()).total)


def test_gradients_reach_the_head_and_nothing_else():
    inputs = batch()
    leaves = learnable(inputs)
    for frozen in (inputs.relative_depth, inputs.ground_truth, inputs.image):
        frozen.requires_grad_()
    computed(EVERYTHING, inputs).total.backward()
    for name, tensor in leaves.items():
        assert tensor.grad.isfinite().all() and (tensor.grad != 0).any(), name
    assert inputs.relative_depth.grad is None
    assert all(tensor.grad is None for tensor in inputs.key_maps)
    # Dense in the images that pass the gate, only where ground truth is in the one that does not.
    reached = inputs.prediction.grad != 0
    assert reached[:3].all()
    assert torch.equal(reached[3], inputs.valid[3])


@pytest.mark.parametrize("case", ["nothing valid", "one pixel", "constant relative depth", "batch of one"])
def test_degenerate_batches_have_a_finite_loss_and_finite_gradients(case: str):
    inputs = batch(1 if case == "batch of one" else 4)
    if case in ("nothing valid", "one pixel"):
        inputs.valid[:] = False
        inputs.ground_truth[:] = 0.0
    if case == "one pixel":
        inputs.valid[2, 0, 3, 3], inputs.ground_truth[2, 0, 3, 3] = True, 2 * inputs.prediction[2, 0, 3, 3]
    if case == "constant relative depth":
        inputs.relative_depth[:] = 0.3
    leaves = learnable(inputs)
    total, terms = computed(EVERYTHING, inputs)
    total.backward()
    assert total.isfinite()
    assert all(tensor.grad is None or tensor.grad.isfinite().all() for tensor in leaves.values())
    assert terms["contrast_coarse"].item() == 0.0
    assert terms["pseudo_depth"].item() == 0.0 and terms["pseudo_kept"].item() == 0.0
    if case == "nothing valid":
        assert total.item() == pytest.approx(10 * 0.01 * terms["smoothness"].item())
    if case == "one pixel":
        assert terms["log_loss"].item() == pytest.approx(math.log(2) * math.sqrt(0.6), rel=1e-5)
        assert terms["relative_error"].item() == pytest.approx(0.5)


def test_half_precision_inputs_give_nearly_the_same_loss():
    inputs = batch()

    def halved(maps: RescaleMaps) -> RescaleMaps:
        return RescaleMaps(*(tensor.bfloat16() for tensor in maps))

    half = dataclasses.replace(
        inputs,
        prediction=inputs.prediction.bfloat16(),
        relative_depth=inputs.relative_depth.bfloat16(),
        maps=halved(inputs.maps),
        key_maps=halved(inputs.key_maps),
        image=inputs.image.bfloat16(),
    )
    leaves = learnable(half)
    with torch.autocast("cpu", torch.bfloat16):
        total, terms = computed(EVERYTHING, half)
    total.backward()
    assert total.dtype == torch.float32
    assert all(term.isfinite() for term in terms.values())
    assert total.item() == pytest.approx(computed(EVERYTHING, inputs).total.item(), rel=0.02)
    assert all(tensor.grad.isfinite().all() for tensor in leaves.values())


def test_the_generator_alone_decides_the_samples():
    first, again, other = (computed(EVERYTHING, batch(), seed).terms for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert {name for name in first if not torch.equal(first[name], other[name])} == {"contrast_fine"}


def test_the_gate_of_the_configuration_counts():
    inputs = batch()
    inputs.ground_truth[0, inputs.valid[0]] *= torch.linspace(0.6, 1.6, int(inputs.valid[0].sum()))
    # Three images have a rising fit, that of the first is a rough one now.
    for gate, kept in ((0.1, 0.75), (0.999, 0.5)):
        assert computed(dataclasses.replace(EVERYTHING, gate=gate), inputs).terms["pseudo_kept"] == kept


def test_images_without_a_fit_take_no_part_in_the_coarse_contrast():
    inputs = dataclasses.replace(batch(5), key_maps=None)
    inputs.relative_depth[1] = 0.3
    inputs.relative_depth[4] = 1 / inputs.ground_truth[4]
    features = inputs.maps.scale_features.requires_grad_()
    computed(dataclasses.replace(EVERYTHING, log_loss=0.0, pseudo_depth=0.0, smoothness=0.0), inputs).total.backward()
    assert (features.grad != 0).flatten(1).any(1).tolist() == [True, False, True, True, True]


def test_relative_error_by_hand():
    truth = torch.tensor([1.0, 4.0, 1.0, 0.0]).view(1, 1, 1, 4)
    prediction = torch.tensor([2.0, 2.0, 9.0, 5.0]).view(1, 1, 1, 4).requires_grad_()
    loss = relative_error(prediction, truth, truth > 0)
    loss.backward()
    # errors 1, 0.5 and 8, which is cut at 3 and then pulls no more
    assert loss.item() == pytest.approx(1.5)
    assert prediction.grad.flatten().tolist() == pytest.approx([1 / 3, -1 / 12, 0.0, 0.0])


def test_defaults_are_the_papers():
    config = LossConfig()
    assert (config.log_loss, config.pseudo_depth, config.contrast, config.smoothness) == (1.0, 0.5, 0.1, 0.01)
    assert (config.factor, config.relative_error) == (10.0, 0.0)
    settings = config.contrast_settings
    assert (settings.momentum, settings.start_epoch, settings.warmup_steps) == (0.99, 1, 1000)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"log_loss": -1.0}, "log_loss: a weight of -1.0 must not be negative"),
        ({"contrast": math.nan}, "contrast: a weight of nan must not be negative"),
        ({"log_loss": 0.0, "pseudo_depth": 0.0, "contrast": 0.0, "smoothness": 0.0}, "at least one of these weights"),
        ({"gate": 1.0}, "gate: 1.0 must lie in 0..1"),
        ({"factor": 0.0}, "factor: 0.0 must be finite and above 0"),
        ({"pseudo_target": "disparity"}, "pseudo_target: 'disparity' is not one of inverse_depth, depth"),
    ],
)
def test_wrong_weights_are_named(settings: dict[str, float], message: str):
    with pytest.raises(InputError, match=message):
        LossConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank_distance": 1}, "rank_distance: 1 must be at least 2"),
        ({"samples": 0}, "samples: 0 must be at least 1"),
        ({"fine_temperature": 0.0}, "fine_temperature: 0.0 must be above 0"),
        ({"momentum": 1.5}, "momentum: 1.5 must lie in 0..1"),
        ({"keys_from": "here"}, "keys_from: 'here' is not one of other_images, all_images"),
        ({"warmup_steps": -1}, "warmup_steps: -1 must be at least 0"),
    ],
)
def test_wrong_contrast_settings_are_named(settings: dict[str, float], message: str):
    with pytest.raises(InputError, match=message):
        ContrastConfig(**settings)
