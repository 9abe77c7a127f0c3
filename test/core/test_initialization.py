"""How a new head is drawn."""

import math

import pytest
import torch
from torch import nn

from tr2m_core.errors import InputError
from tr2m_core.model.config import RescaleHeadConfig
from tr2m_core.model.initialization import initialize_head
from tr2m_core.model.rescale_head import RescaleHead
from tr2m_core.train.config import ModelChoice

SMALL = RescaleHeadConfig(image_width=64, text_width=48, out_channels=64, features=64, hidden_channels=32, heads=4)


def head() -> RescaleHead:
    torch.manual_seed(0)
    return RescaleHead(SMALL)


def test_torch_leaves_the_weights_as_its_layers_drew_them():
    new, before = head(), head().state_dict()
    initialize_head(new, "torch")
    assert all(torch.equal(tensor, before[name]) for name, tensor in new.state_dict().items())


def test_kaiming_has_the_deviations_of_its_sources():
    new, before = head(), head().state_dict()
    initialize_head(new, "kaiming")
    # fan-out of a 3x3 convolution: 9 times its outputs
    assert new.resConfUnit1.conv1.weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.03)
    assert new.output_conv_scale1.weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 32)), rel=0.03)
    # transposed, torch counts the outputs from the weight's second dimension on its first: 4 times 64
    assert new.resize_layers.weight.std().item() == pytest.approx(math.sqrt(2 / (4 * 64)), rel=0.03)
    # Glorot's uniform limit for a layer of 48 inputs and 64 outputs
    limit = math.sqrt(6 / (48 + 64))
    assert limit * 0.98 < new.align_mlp.a_fc.weight.abs().max().item() <= limit
    layers = [m for m in new.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    assert all(layer.bias is None or not layer.bias.any() for layer in layers)
    kept = [name for name in before if ".ln_" in name or "in_proj" in name]
    assert kept and all(torch.equal(new.state_dict()[name], before[name]) for name in kept)


def test_another_way_is_named():
    with pytest.raises(InputError, match="head_init: 'zeros' is not one of torch, kaiming"):
        ModelChoice(head_init="zeros")
