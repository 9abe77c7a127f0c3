"""EfficientNet-Lite as a frozen backbone: features of an image at strides 4, 8, 16 and 32.

Source: Tan and Le 2019 (arXiv 1905.11946) and TensorFlow's EfficientNet-Lite: no squeeze-and-excitation, ReLU6, the
stem and the first and last stage are not scaled. Padding is TensorFlow's "same", for sizes that are multiples of 32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tr2m_core.model.tensors import check_tensors, misfit, mismatches, read_weights

STEM, HEAD, CLASSES = 32, 1280, 1000  # channels
EXPANSION = 6
KERNELS = (3, 3, 5, 3, 5, 5, 3)  # by stage
STRIDES = (1, 2, 2, 2, 1, 2, 1)
LEVELS = (1, 2, 4, 6)  # stages whose results are returned
WIDTHS = {
    0: (16, 24, 40, 80, 112, 192, 320),
    1: (16, 24, 40, 80, 112, 192, 320),
    2: (16, 24, 48, 88, 120, 208, 352),
}
DEPTHS = {0: (1, 2, 2, 3, 3, 4, 1), 1: (1, 3, 3, 4, 4, 5, 1), 2: (1, 3, 3, 4, 4, 5, 1)}  # blocks
NORM_EPS = 1e-3
NORM_STATE = ("weight", "bias", "running_mean", "running_var")


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow's "same"; with stride 2, of even sizes, right and below get one pixel more."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups)
        before = (kernel - 2) // 2
        self.margins = (before, before + 1) * 2 if stride == 2 else None

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self.margins is None else F.pad(x, self.margins))


class Block(nn.Module):
    """Inverted bottleneck: 1x1 expansion, depthwise convolution, linear 1x1 projection, added to the input if alike."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = SameConv2d(inputs, hidden) if expansion > 1 else None
        self.depthwise = SameConv2d(hidden, hidden, kernel, stride, groups=hidden)
        self.project = SameConv2d(hidden, outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        expanded = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        y: Tensor = self.project(F.relu6(self.depthwise(expanded), inplace=True))
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """The network up to its last stage, batch norms folded into the convolutions; it is frozen.

    variant: 0, 1 or 2. channels: of the four levels.
    """

    def __init__(self, variant: int) -> None:
        super().__init__()
        widths, depths = WIDTHS[variant], DEPTHS[variant]
        self.variant = variant
        self.channels = tuple(widths[stage] for stage in LEVELS)
        self.stem = SameConv2d(3, STEM, 3, 2)
        self.stages = nn.ModuleList()
        inputs = STEM
        for stage, (width, depth, kernel, stride) in enumerate(zip(widths, depths, KERNELS, STRIDES, strict=True)):
            expansion = EXPANSION if stage else 1
            blocks = [Block(inputs, width, kernel, stride, expansion)]
            blocks += [Block(width, width, kernel, 1, expansion) for _ in range(depth - 1)]
            self.stages.append(nn.Sequential(*blocks))
            inputs = width
        self.requires_grad_(False)

    @classmethod
    def from_file(cls, variant: int, path: Path) -> EfficientNetLite:
        """The network in evaluation mode with the weights of efficientnet-lite-pytorch's file.

        The classifier is checked with the rest and left out. Raises InputError, naming the file and what differs.
        """
        weights = check_tensors(read_weights(path), path)
        network = cls(variant)
        if problems := mismatches(network._published_shapes(), weights):
            raise misfit(path, f"EfficientNet-Lite{variant}", problems)
        for convolution, name, norm in network._published_names():
            fold(convolution, weights[f"{name}.weight"], {key: weights[f"{norm}.{key}"] for key in NORM_STATE})
        return network.eval()

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Normalised images (B, 3, H, W), H and W multiples of 32 -> features (B, C, H / s, W / s), s 4, 8, 16, 32.

        Each is the result of the last block before the stride grows.
        """
        x = F.relu6(self.stem(pixel_values), inplace=True)
        results = []
        for stage in self.stages:
            x = stage(x)
            results.append(x)
        first, second, third, fourth = (results[stage] for stage in LEVELS)
        return first, second, third, fourth

    def _published_names(self) -> Iterator[tuple[nn.Conv2d, str, str]]:
        """Each convolution, its name in the published file, and its batch norm's."""
        yield self.stem, "_conv_stem", "_bn0"
        blocks = (block for stage in self.stages for block in stage)  # type: ignore[attr-defined]
        for place, block in enumerate(blocks):
            for norm, (own, published) in enumerate(
                (("expand", "expand_conv"), ("depthwise", "depthwise_conv"), ("project", "project_conv"))
            ):
                if (convolution := getattr(block, own)) is not None:
                    yield convolution, f"_blocks.{place}._{published}", f"_blocks.{place}._bn{norm}"

    def _published_shapes(self) -> dict[str, tuple[int, ...]]:
        """Every name and shape in the published file, the classifier's included."""
        shapes: dict[str, tuple[int, ...]] = {
            "_conv_head.weight": (HEAD, self.channels[-1], 1, 1),
            "_fc.weight": (CLASSES, HEAD),
            "_fc.bias": (CLASSES,),
        }
        norms = {"_bn1": HEAD}
        for convolution, name, norm in self._published_names():
            shapes[f"{name}.weight"] = tuple(convolution.weight.shape)
            norms[norm] = convolution.out_channels
        for norm, channels in norms.items():
            shapes |= {f"{norm}.{key}": (channels,) for key in NORM_STATE}
            shapes[f"{norm}.num_batches_tracked"] = ()
        return shapes


class LiteClassifier(nn.Module):
    """The whole network, with ImageNet's 1,000 classes (ILSVRC 2012)."""

    def __init__(self, backbone: EfficientNetLite) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = SameConv2d(backbone.channels[-1], HEAD)
        self.classifier = nn.Linear(HEAD, CLASSES)
        self.requires_grad_(False)

    @classmethod
    def from_file(cls, variant: int, path: Path) -> LiteClassifier:
        """As `EfficientNetLite.from_file`."""
        network = cls(EfficientNetLite.from_file(variant, path))
        weights = check_tensors(read_weights(path), path)
        fold(network.head, weights["_conv_head.weight"], {key: weights[f"_bn1.{key}"] for key in NORM_STATE})
        network.classifier.load_state_dict({key: weights[f"_fc.{key}"] for key in ("weight", "bias")})
        return network.eval()

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Normalised images (B, 3, H, W), H and W multiples of 32 -> logits (B, 1000)."""
        features = F.relu6(self.head(self.backbone(pixel_values)[-1]))
        logits: Tensor = self.classifier(features.mean(dim=(2, 3)))
        return logits


@torch.no_grad()
def fold(convolution: nn.Conv2d, weight: Tensor, norm: Mapping[str, Tensor]) -> None:
    """Makes the convolution, which has a bias, equal to one with `weight` and no bias before a batch norm that is
    frozen; norm: its NORM_STATE."""
    assert convolution.bias is not None
    gain, shift, mean, variance = (norm[key].double() for key in NORM_STATE)
    factor = gain / (variance + NORM_EPS).sqrt()
    convolution.weight.copy_(weight.double() * factor.view(-1, 1, 1, 1))
    convolution.bias.copy_(shift - mean * factor)
