"""The published model at its full size with random weights: as fast as the real one, of no other use."""

from __future__ import annotations

import dataclasses

import torch
from transformers import (
    BatchEncoding,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    Dinov2Model,
)

from tr2m_core.model.config import STORED
from tr2m_core.model.depth_anything import DepthAnything
from tr2m_core.model.dinov2 import ImageEncoder
from tr2m_core.model.presets import PAPER
from tr2m_core.model.rescale_head import RescaleHead
from tr2m_core.model.text_encoder import TextEncoder
from tr2m_core.model.tr2m import TR2M

IMAGE_SIZE, PATCH = 518, 14  # of DINOv2's position grid
TOKENS, END = 77, 49407


def random_paper() -> TR2M:
    """`paper` in evaluation mode. Its sentences are any 77 tokens."""
    torch.manual_seed(0)
    text = dataclasses.replace(PAPER.text_encoder, source=STORED)
    config = dataclasses.replace(PAPER, name="paper, random weights", text_encoder=text)
    parts = (_depth_anything(), ImageEncoder(_dinov2_large()), _clip_text(), RescaleHead(config.rescale_head))
    return TR2M(config, *parts).eval()


def _depth_anything() -> DepthAnything:
    backbone = Dinov2Config(
        hidden_size=384,
        num_attention_heads=6,
        num_hidden_layers=12,
        image_size=IMAGE_SIZE,
        patch_size=PATCH,
        out_indices=[9, 10, 11, 12],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    sizes = {"neck_hidden_sizes": [48, 96, 192, 384], "fusion_hidden_size": 64, "head_hidden_size": 32}
    config = DepthAnythingConfig(backbone_config=backbone, reassemble_hidden_size=384, **sizes)
    return DepthAnything(DepthAnythingForDepthEstimation(config))


def _dinov2_large() -> Dinov2Model:
    size = {"hidden_size": 1024, "num_attention_heads": 16, "num_hidden_layers": 24}
    return Dinov2Model(Dinov2Config(image_size=IMAGE_SIZE, patch_size=PATCH, **size))


def _clip_text() -> TextEncoder:
    config = CLIPTextConfig(
        hidden_size=768,
        intermediate_size=3072,
        projection_dim=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        bos_token_id=END - 1,
        eos_token_id=END,
    )
    return TextEncoder("clip", CLIPTextModelWithProjection(config), _any_tokens)


def _any_tokens(sentences: list[str], **_: object) -> BatchEncoding:
    ids = torch.randint(0, END - 1, (len(sentences), TOKENS))
    ids[:, -1] = END
    return BatchEncoding({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
