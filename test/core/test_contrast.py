"""Scale-oriented contrast against values worked out by hand, and over two real processes."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tr2m_core.losses.contrast import (
    coarse_contrast,
    contrast_weight,
    depth_classes,
    fine_contrast,
    info_nce,
    momentum_update,
    pixel_embeddings,
    pooled_embeddings,
    sample_pixels,
)
from tr2m_core.types import RescaleMaps

AXES = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 2.0]])  # cosines 1 within each two, else 0
SCALES = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
ALL = torch.ones(4, dtype=torch.bool)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def maps_of(scale_features: torch.Tensor, shift_features: torch.Tensor) -> RescaleMaps:
    unused = torch.empty(0)
    return RescaleMaps(unused, unused, scale_features, shift_features)


def test_info_nce_leaves_out_what_is_in_neither_mask():
    logits = torch.tensor([[1.0, 0.0, 100.0], [5.0, 5.0, 5.0], [5.0, 5.0, 5.0]])
    positive = torch.tensor([[True, False, False], [True, True, True], [False, False, False]])
    negative = torch.tensor([[False, True, False], [False, False, False], [True, True, True]])
    # the second row has no negative, the third no positive
    assert info_nce(logits, positive, negative).item() == pytest.approx(math.log(math.e + 1) - 1)


def test_coarse_by_hand():
    # Ranks 0 to 3; neighbours are positive. Every anchor has e + 2 (inner ones: e + 1 + 1) as its normaliser, the outer
    # ones a positive of cosine 1, the inner ones positives of cosine 1 and 0.
    loss = coarse_contrast(AXES, SCALES, ALL, rank_distance=2, temperature=1.0)
    assert loss.item() == pytest.approx(math.log(math.e + 2) - 0.75)
    # At a temperature of 0.5 the cosine of 1 weighs 2.
    loss = coarse_contrast(AXES, SCALES, ALL, rank_distance=2, temperature=0.5)
    assert loss.item() == pytest.approx(math.log(math.e**2 + 2) - 1.5)


def test_coarse_leaves_out_images_without_a_fit():
    usable = torch.tensor([True, False, True, True])
    # Ranks 0, 1, 2 of the images 0, 2, 3: image 2 has positives only. 0: cosines 0 (positive) and 0; 3: 1 and 0.
    loss = coarse_contrast(AXES, SCALES, usable, rank_distance=2, temperature=1.0)
    assert loss.item() == pytest.approx((math.log(2) + math.log(math.e + 1) - 1) / 2)
    embeddings = AXES.clone().requires_grad_()
    coarse_contrast(embeddings, SCALES, usable, rank_distance=2, temperature=1.0).backward()
    assert (embeddings.grad[1] == 0).all() and (embeddings.grad[3] != 0).any()


def test_coarse_ranks_order_and_not_size_and_equal_scales_alike():
    loss = coarse_contrast(AXES, SCALES, ALL, 2, 1.0).item()
    assert coarse_contrast(AXES, SCALES**5, ALL, 2, 1.0).item() == pytest.approx(loss)
    assert coarse_contrast(AXES, SCALES.flip(0), ALL, 2, 1.0).item() == pytest.approx(loss)
    # two pairs of equal scales, ranks 0, 0, 2, 2: each has one positive, of cosine 1
    twice = torch.tensor([0.1, 0.1, 0.7, 0.7])
    assert coarse_contrast(AXES, twice, ALL, 2, 1.0).item() == pytest.approx(math.log(math.e + 2) - 1)


def test_coarse_is_blind_to_the_order_of_the_batch():
    embeddings = torch.randn(7, 5, generator=seeded(1))
    scale = torch.tensor([0.3, 0.1, 0.3, 0.9, 0.2, 0.5, 0.4])
    usable = torch.tensor([True, True, True, False, True, True, True])
    order = torch.randperm(7, generator=seeded(2))
    loss = coarse_contrast(embeddings, scale, usable, 2, 0.1)
    assert coarse_contrast(embeddings[order], scale[order], usable[order], 2, 0.1).item() == pytest.approx(loss.item())


@pytest.mark.parametrize(("count", "usable"), [(1, True), (2, True), (3, False)])
def test_coarse_without_pairs_is_zero_with_a_zero_gradient(count: int, usable: bool):
    # two images are each other's positive, and have no negative
    embeddings = torch.randn(count, 3, generator=seeded()).requires_grad_()
    loss = coarse_contrast(embeddings, torch.arange(count).double(), torch.full((count,), usable), 2, 0.1)
    loss.backward()
    assert loss.item() == 0.0 and (embeddings.grad == 0).all()


def test_pooled_embeddings_by_hand():
    scale = torch.tensor([1.0, 3.0, 5.0, 7.0]).view(1, 1, 2, 2)
    pooled = pooled_embeddings(maps_of(scale.bfloat16(), -scale.bfloat16()))
    assert pooled.dtype == torch.float32 and pooled.tolist() == [[4.0, -4.0]]


PROCESS = """
import json, sys
import torch
import torch.distributed as dist
from tr2m_core.losses.contrast import coarse_contrast

rank, rendezvous = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method="file://" + rendezvous, rank=rank, world_size=2)

def gather(tensor):
    parts = [torch.empty_like(tensor) for _ in range(2)]
    dist.all_gather(parts, tensor)
    return torch.cat(parts)

batch = json.load(sys.stdin)
own = slice(3 * rank, 3 * rank + 3)
head = torch.nn.Linear(4, 3)
head.load_state_dict({name: torch.tensor(value) for name, value in batch["head"].items()})
scale = torch.tensor(batch["scale"], dtype=torch.float64)[own]
usable = torch.tensor(batch["usable"])[own]
embeddings = head(torch.tensor(batch["pixels"])[own])
loss = coarse_contrast(embeddings, scale, usable, 2, 0.2, gather, rank)
loss.backward()
dist.all_reduce(head.weight.grad)
gradient = head.weight.grad / 2  # the mean, as DistributedDataParallel takes it
print(json.dumps([loss.item(), gradient.tolist()]))
dist.destroy_process_group()
"""


def test_two_processes_have_the_loss_and_the_gradient_of_one(tmp_path: Path):
    head = torch.nn.Linear(4, 3)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=seeded(3)))
    pixels = torch.randn(6, 4, generator=seeded(4))
    scale = torch.tensor([0.5, 0.1, 0.9, 0.4, 0.0, 0.3], dtype=torch.float64)
    usable = torch.tensor([True, True, True, True, False, True])  # three in one process, two in the other
    loss = coarse_contrast(head(pixels), scale, usable, 2, 0.2)
    loss.backward()

    tensors = {"pixels": pixels, "scale": scale, "usable": usable}
    batch = {name: tensor.tolist() for name, tensor in tensors.items()}
    batch["head"] = {name: tensor.tolist() for name, tensor in head.state_dict().items()}
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "GLOO_SOCKET_IFNAME": "lo"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(rank), str(tmp_path / "rendezvous")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for rank in range(2)
    ]
    for process in processes:
        process.stdin.write(json.dumps(batch))
        process.stdin.close()
    results = [json.loads(process.stdout.read()) for process in processes]
    assert [process.wait() for process in processes] == [0, 0]
    for value, gradient in results:
        assert value == pytest.approx(loss.item(), rel=1e-5)
        assert torch.allclose(torch.tensor(gradient), head.weight.grad, rtol=1e-4, atol=1e-6)


def test_depth_classes_by_hand():
    # 8.5 classes below the far limit round to the even 8, as round does
    depth = torch.tensor([10.0, 9.9, 1.0, 0.0, 1.5])
    assert depth_classes(depth, 0.0, 10.0, 10).tolist() == [0, 0, 9, 10, 8]
    assert depth_classes(torch.tensor([80.0, 40.5, 1.0]), 1.0, 80.0, 4).tolist() == [0, 2, 4]


def test_fine_by_hand():
    queries = torch.tensor([[1.0, 0.0], [0.0, 4.0], [0.0, 1.0]])
    keys = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    classes, images = torch.tensor([5, 5, 9]), torch.tensor([0, 1, 1])
    loss = fine_contrast(queries, keys, classes, images, temperature=0.5, keys_from="all_images")
    # logits 2 2 0, 0 0 2, 0 0 2; positives: the first two keys, the first two keys, the third key
    first, others = math.log(2 * math.e**2 + 1), math.log(2 + math.e**2)
    assert loss.item() == pytest.approx(((first - 2) + others + (others - 2)) / 3, rel=1e-6)


def test_fine_takes_keys_of_other_images_alone():
    queries = torch.tensor([[1.0, 0.0], [0.0, 4.0], [0.0, 1.0], [1.0, 0.0]])
    keys = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    loss = fine_contrast(queries, keys, torch.tensor([5, 5, 9, 9]), torch.tensor([0, 1, 1, 0]), temperature=0.5)
    # of the first and the fourth image 0, of the others image 1; logits of each against the two keys elsewhere:
    # 2 (same class) 0; 0 (same) 2; 2 (same) 0; 0 (same) 2
    near, far = math.log(1 + math.e**-2), math.log(1 + math.e**2)
    assert loss.item() == pytest.approx((near + far + near + far) / 4, rel=1e-6)
    one_image = fine_contrast(queries, keys, torch.tensor([5, 5, 9, 9]), torch.zeros(4), temperature=0.5)
    assert one_image.item() == 0.0


def test_fine_moves_the_queries_and_not_the_keys():
    queries, keys = (torch.randn(6, 4, generator=seeded(i)).requires_grad_() for i in range(2))
    fine_contrast(queries, keys, torch.tensor([0, 0, 1, 1, 2, 2]), torch.arange(6), 0.1).backward()
    assert (queries.grad != 0).any(1).all()
    assert keys.grad is None


@pytest.mark.parametrize("classes", [[], [3], [3, 3]])
def test_fine_without_negatives_is_zero_with_a_zero_gradient(classes: list[int]):
    queries = torch.randn(len(classes), 4, generator=seeded()).requires_grad_()
    loss = fine_contrast(
        queries, queries.detach(), torch.tensor(classes, dtype=torch.long), torch.arange(len(classes)), 0.1
    )
    loss.backward()
    assert loss.item() == 0.0 and (queries.grad == 0).all()


def test_similarity_stays_in_float32_under_autocast():
    queries, keys = (torch.randn(20, 8, generator=seeded(i)).bfloat16() for i in range(2))
    classes = torch.arange(20) % 5
    with torch.autocast("cpu", torch.bfloat16):
        loss = fine_contrast(queries, keys, classes, torch.arange(20), 0.07)
    assert loss.dtype == torch.float32
    assert loss.item() == fine_contrast(queries.float(), keys.float(), classes, torch.arange(20), 0.07).item()


def test_samples_are_valid_pixels_at_the_size_of_the_features():
    # 4x4 to 2x2: the nearest pixels are those of rows and columns 0 and 2
    depth = torch.arange(16.0).view(1, 1, 4, 4) + 1
    valid = depth != 3.0  # row 0, column 2
    depth = torch.where(valid, depth, torch.nan)
    sample = sample_pixels(depth, valid, (2, 2), 10, seeded())
    found = sorted(zip(sample.image.tolist(), sample.pixel.tolist(), sample.depth.tolist(), strict=True))
    assert found == [(0, 0, 1.0), (0, 2, 9.0), (0, 3, 11.0)]


def test_each_image_gives_its_share_of_samples_without_repetition():
    valid = torch.zeros(3, 1, 6, 8, dtype=torch.bool)
    valid[0] = True
    valid[1, 0, 2, :3] = True
    depth = torch.rand(valid.shape, generator=seeded(5)) + 1
    sample = sample_pixels(depth, valid, (6, 8), 20, seeded())
    assert torch.bincount(sample.image, minlength=3).tolist() == [20, 3, 0]
    assert sample.pixel[sample.image == 0].unique().numel() == 20
    assert sorted(sample.pixel[sample.image == 1].tolist()) == [16, 17, 18]
    assert torch.equal(sample.depth, depth.flatten(1)[sample.image, sample.pixel])


def test_the_seed_decides_which_pixels_are_sampled():
    depth = torch.ones(2, 1, 20, 20)
    first, again, other = (sample_pixels(depth, depth > 0, (20, 20), 30, seeded(seed)) for seed in (7, 7, 8))
    assert torch.equal(first.pixel, again.pixel)
    assert not torch.equal(first.pixel, other.pixel)


def test_pixel_embeddings_are_the_features_at_the_pixels():
    scale, shift = torch.randn(2, 3, 4, 5, generator=seeded()), torch.randn(2, 3, 4, 5, generator=seeded(1))
    valid = torch.zeros(2, 1, 4, 5, dtype=torch.bool)
    valid[0, 0, 3, 1] = valid[1, 0, 2, 4] = True
    sample = sample_pixels(valid.float(), valid, (4, 5), 5, seeded())
    expected = torch.stack([torch.cat((x[0], x[1])) for x in ((scale[0, :, 3, 1], shift[0, :, 3, 1]),)])
    embeddings = pixel_embeddings(maps_of(scale, shift), sample)
    assert torch.equal(embeddings[:1], expected)
    assert torch.equal(embeddings[1], torch.cat((scale[1, :, 2, 4], shift[1, :, 2, 4])))


def test_fine_is_blind_to_the_order_of_the_batch_when_every_pixel_is_sampled():
    scale, shift = torch.randn(3, 4, 3, 3, generator=seeded()), torch.randn(3, 4, 3, 3, generator=seeded(1))
    depth = 1 + 8 * torch.rand(3, 1, 3, 3, generator=seeded(2))

    def loss(order: list[int]) -> float:
        sample = sample_pixels(depth[order], depth[order] > 0, (3, 3), 9, seeded(3))
        embeddings = pixel_embeddings(maps_of(scale[order], shift[order]), sample)
        classes = depth_classes(sample.depth, 0.0, 10.0, 8)
        return fine_contrast(embeddings, embeddings, classes, sample.image, 0.1).item()

    assert loss([2, 0, 1]) == pytest.approx(loss([0, 1, 2]), rel=1e-5)


def test_momentum_update_by_hand():
    key, query = (torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm1d(1)) for _ in range(2))
    with torch.no_grad():
        key[0].weight.fill_(1.0)
        query[0].weight.copy_(torch.tensor([[2.0, -1.0]]))
        query[1].running_mean.fill_(4.0)
        query[1].num_batches_tracked.fill_(7)
    before = query[0].weight.clone()
    momentum_update(key, query, momentum=0.75)
    assert key[0].weight.tolist() == [[1.25, 0.5]]
    assert key[1].running_mean.item() == 1.0
    assert key[1].num_batches_tracked.item() == 7
    assert torch.equal(query[0].weight, before)


def test_the_contrast_starts_after_the_epochs_and_warms_up_linearly():
    weights = [contrast_weight(step, 10, 1, 4) for step in (0, 9, 10, 11, 12, 13, 14, 10_000)]
    assert weights == [0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert [contrast_weight(step, 10, 0, 0) for step in (0, 1)] == [1.0, 1.0]
