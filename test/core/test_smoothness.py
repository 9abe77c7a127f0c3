"""Edge-aware smoothness against values worked out by hand."""

import math

import pytest
import torch

from tr2m_core.losses.smoothness import edge_aware_smoothness

GREY = torch.full((1, 3, 2, 3), 0.5)


def test_without_edges_it_is_the_mean_difference():
    values = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]).view(1, 1, 2, 3)
    # across: 2, 0, 0, 0; down: 1, 1, 1
    assert edge_aware_smoothness(values, GREY).item() == pytest.approx(2 / 4 + 3 / 3)


def test_edges_of_the_image_permit_edges_of_the_map():
    values = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]).view(1, 1, 2, 3)
    image = GREY.clone()
    # the first column differs by 0.5, 0.4 and 0 in the three channels, 0.3 on average; there is no edge downwards
    image[0, :, :, 0] = torch.tensor([0.0, 0.9, 0.5]).view(3, 1)
    assert edge_aware_smoothness(values, image).item() == pytest.approx(2 * math.exp(-0.3) / 4 + 1.0)
    # the same edge between the rows of another image, where the map has three steps of 1
    image = GREY.clone()
    image[0, :, 0] = torch.tensor([0.0, 0.9, 0.5]).view(3, 1)
    assert edge_aware_smoothness(values, image).item() == pytest.approx(2 / 4 + math.exp(-0.3))
    # an edge where the map is smooth changes nothing
    image = GREY.clone()
    image[..., 2] = 1.0
    assert edge_aware_smoothness(values, image).item() == pytest.approx(2 / 4 + 1.0)


def test_a_constant_map_costs_nothing_and_scaling_scales():
    values = torch.rand(2, 1, 5, 6, generator=torch.Generator().manual_seed(0))
    image = torch.rand(2, 3, 5, 6, generator=torch.Generator().manual_seed(1))
    assert edge_aware_smoothness(torch.full_like(values, 0.01), image).item() == 0.0
    whole = edge_aware_smoothness(values, image).item()
    assert edge_aware_smoothness(3 * values + 1, image).item() == pytest.approx(3 * whole, rel=1e-5)


def test_gradient_pulls_neighbours_together():
    values = torch.tensor([1.0, 3.0]).view(1, 1, 1, 2).expand(1, 1, 2, 2).clone().requires_grad_()
    edge_aware_smoothness(values, torch.zeros(1, 3, 2, 2)).backward()
    assert values.grad[0, 0].tolist() == [[-0.5, 0.5], [-0.5, 0.5]]


def test_half_precision_is_computed_in_float32():
    values = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0)).bfloat16()
    image = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(1)).bfloat16()
    loss = edge_aware_smoothness(values, image)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(edge_aware_smoothness(values.float(), image.float()).item())


def test_sizes_must_agree():
    with pytest.raises(ValueError, match=r"a map of \(2, 3\) .* an image of \(3, 2\)"):
        edge_aware_smoothness(torch.zeros(1, 1, 2, 3), torch.zeros(1, 3, 3, 2))
