"""The trained part of TR2M: image tokens and a sentence in, a scale map and a shift map out.

Parameter names and shapes equal those of the authors' released checkpoint, so that it loads strictly.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tr2m_core.model.config import Padding, RescaleHeadConfig
from tr2m_core.model.precision import Float32Conv2d, LayerNorm
from tr2m_core.types import RescaleMaps


class QuickGELU(nn.Module):
    """x * sigmoid(1.702 x), CLIP's approximation of GELU."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class AlignMLP(nn.Module):
    """Brings the text embedding to the width of the image tokens."""

    def __init__(self, text_width: int, image_width: int) -> None:
        super().__init__()
        self.a_fc = nn.Linear(text_width, image_width)
        self.activation = QuickGELU()

    def forward(self, text: Tensor) -> Tensor:
        aligned: Tensor = self.activation(self.a_fc(text))
        return aligned


class CrossAttentionBlock(nn.Module):
    """One pre-norm block: self-attention over the image tokens, cross-attention to the sentence, MLP."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_1 = LayerNorm(width)
        self.mlp = nn.Sequential(
            OrderedDict(c_fc=nn.Linear(width, 4 * width), gelu=QuickGELU(), c_proj=nn.Linear(4 * width, width))
        )
        self.ln_2 = LayerNorm(width)
        self.attn_cross = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_text = LayerNorm(width)
        self.ln_visual = LayerNorm(width)  # without effect for a one-token sentence; kept for the released checkpoint

    def text_vector(self, text: Tensor) -> Tensor:
        """The cross-attention's output for one text token, (B, 1, C) -> (B, 1, C).

        A softmax over a single key is 1, so queries and keys drop out and every image token receives
        out_proj(W_v ln_text(text) + b_v): one constant vector per sentence, exactly.
        """
        width = text.shape[-1]
        value = F.linear(
            self.ln_text(text), self.attn_cross.in_proj_weight[2 * width :], self.attn_cross.in_proj_bias[2 * width :]
        )
        vector: Tensor = self.attn_cross.out_proj(value)
        return vector

    def forward(self, x: Tensor, text_vector: Tensor) -> Tensor:
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        x = x + text_vector
        x = x + self.mlp(self.ln_2(x))
        return x


class ResidualConvUnit(nn.Module):
    """ReLU, 3x3 convolution, ReLU, 3x3 convolution, added to the input."""

    def __init__(self, features: int, padding_mode: Padding) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1, padding_mode=padding_mode)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1, padding_mode=padding_mode)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.conv2(F.relu(self.conv1(F.relu(x))))
        return x


def read_embedding(text_embedding: Tensor, config: RescaleHeadConfig) -> Tensor:
    """The embedding (B, 1, Ct) itself, or zeros where the configuration says that the head reads no description.

    A head without text thus adds a learnt constant, with the parameters it would have with text. Raises ValueError for
    another shape.
    """
    if text_embedding.ndim != 3 or text_embedding.shape[1] != 1:
        raise ValueError(f"text_embedding must be (B, 1, {config.text_width}), not {tuple(text_embedding.shape)}")
    return text_embedding if config.use_text else torch.zeros_like(text_embedding)


def check_grid(image_tokens: Tensor, grid: tuple[int, int]) -> None:
    """Raises ValueError unless the tokens (B, P, C) fill the grid (h, w)."""
    h, w = grid
    if image_tokens.shape[1] != h * w:
        raise ValueError(f"{image_tokens.shape[1]} image tokens do not fill a {h}x{w} grid")


def _resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)


class RescaleHead(nn.Module):
    """Predicts per pixel the scale A and shift B of metric depth = 1 / (A * relative depth + B).

    Source: TR2M (arXiv 2506.13387), section "rescale head"; sizes without arguments are those of the released weights.
    """

    def __init__(self, config: RescaleHeadConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or RescaleHeadConfig()
        self.align_mlp = AlignMLP(c.text_width, c.image_width) if c.text_width != c.image_width else nn.Identity()
        self.crossattn = CrossAttentionBlock(c.image_width, c.heads)
        self.projects = nn.Conv2d(c.image_width, c.out_channels, 1)
        self.resize_layers = nn.ConvTranspose2d(c.out_channels, c.out_channels, 2, stride=2)
        self.layer1_rn = self._convolution(c.out_channels, c.features, bias=False)
        self.resConfUnit1 = ResidualConvUnit(c.features, c.padding_mode)
        self.out_conv1 = nn.Conv2d(c.features, c.features, 1)
        self.resConfUnit2 = ResidualConvUnit(c.features, c.padding_mode)
        self.out_conv2 = nn.Conv2d(c.features, c.features, 1)
        self.output_conv_scale1 = self._convolution(c.features, c.features // 2)
        self.output_conv_shift1 = self._convolution(c.features, c.features // 2)
        self.output_conv_scale2 = self._output_convolutions()
        self.output_conv_shift2 = self._output_convolutions()

    def _convolution(self, inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
        return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias, padding_mode=self.config.padding_mode)

    def _output_convolutions(self) -> nn.Sequential:
        c = self.config
        return nn.Sequential(
            self._convolution(c.features // 2, c.hidden_channels),
            nn.ReLU(),
            Float32Conv2d(c.hidden_channels, 1, 1),
        )

    def text_vector(self, text_embedding: Tensor) -> Tensor:
        """The sentence as the one vector that is added to every image token: (B, 1, Ct) -> (B, 1, Ci).

        Depends on nothing but the sentence, so it is computed once per sentence.
        """
        return self.crossattn.text_vector(self.align_mlp(read_embedding(text_embedding, self.config)))

    def forward(
        self, image_tokens: Tensor, text_embedding: Tensor, grid: tuple[int, int], thinning: int = 1
    ) -> RescaleMaps:
        """image_tokens (B, P, Ci) row by row on the grid (h, w), P = h * w; text_embedding (B, 1, Ct).

        thinning: maps of fewer pixels, patch_size / thinning to a token's side.
        """
        return self.rescale_maps(image_tokens, self.text_vector(text_embedding), grid, thinning)

    def rescale_maps(
        self, image_tokens: Tensor, text_vector: Tensor, grid: tuple[int, int], thinning: int = 1
    ) -> RescaleMaps:
        """As forward, for a sentence already reduced by `text_vector`: (B or 1, 1, Ci)."""
        check_grid(image_tokens, grid)
        h, w = grid
        x = self.crossattn(image_tokens, text_vector)
        x = x.transpose(1, 2).reshape(x.shape[0], -1, h, w)
        x = self.layer1_rn(self.resize_layers(self.projects(x)))
        side = self.config.patch_size // thinning  # of a token; nothing is made larger than the maps
        # 1x1 convolutions commute with bilinear interpolation, but the order of the release is kept for equality.
        x = _resize(self.out_conv1(self.resConfUnit1(x)), (min(4, side) * h, min(4, side) * w))
        x = _resize(self.out_conv2(self.resConfUnit2(x)), (min(8, side) * h, min(8, side) * w))
        scale_features, shift_features = self.output_conv_scale1(x), self.output_conv_shift1(x)
        size = (side * h, side * w)
        scale = self.output_conv_scale2(_resize(scale_features, size)).exp() * self.config.scale_coefficient
        shift = self.output_conv_shift2(_resize(shift_features, size)).exp() * self.config.shift_coefficient
        return RescaleMaps(scale, shift, scale_features, shift_features)
