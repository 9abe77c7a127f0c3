"""Small models with random weights, built from configurations and saved: all parts real, none trained."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn
from transformers import (
    AutoTokenizer,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    Dinov2Model,
)

from tr2m_core.model import TR2M, RescaleHead
from tr2m_core.model.checkpoints import save_parts
from tr2m_core.model.config import STORED, ModelConfig, RescaleHeadConfig, TextEncoderConfig
from tr2m_core.model.depth_anything import DepthAnything
from tr2m_core.model.dinov2 import ImageEncoder
from tr2m_core.model.presets import EMBEDDED
from tr2m_core.model.pyramid import PyramidDecoder
from tr2m_core.model.relative_depth import PyramidDepthNetwork, load_backbone
from tr2m_core.model.sources import text_encoder_folder
from tr2m_core.model.text_encoder import TextEncoder

TINY_PAPER = ModelConfig(
    name="tiny-paper",
    relative_depth=STORED,
    image_encoder=STORED,
    text_encoder=TextEncoderConfig("clip", STORED),
    rescale_head=RescaleHeadConfig(48, 24, out_channels=20, features=16, hidden_channels=8, heads=4),
    input_size=(42, 56),
)


def randomise(module: nn.Module, seed: int) -> None:
    """Weights of a size that lets signals through, biases and gains too, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        values = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() > 1:
            values /= parameter[0].numel() ** 0.5
        else:
            values = 0.1 * values + float(not name.endswith("bias"))
        parameter.data.copy_(values)


def tiny_depth_anything() -> DepthAnythingForDepthEstimation:
    backbone = Dinov2Config(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=70,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=32,
        neck_hidden_sizes=[8, 12, 16, 16],
        fusion_hidden_size=8,
        head_hidden_size=8,
    )
    network = DepthAnythingForDepthEstimation(config).eval()
    randomise(network, 1)
    network.head.conv3.bias.data.fill_(2.0)  # so that the final ReLU leaves an image
    return network


def tiny_dinov2() -> Dinov2Model:
    network = Dinov2Model(
        Dinov2Config(hidden_size=48, num_hidden_layers=3, num_attention_heads=3, image_size=70, patch_size=14)
    ).eval()
    randomise(network, 2)
    return network


def tiny_clip_text(folder: Path) -> TextEncoder:
    """CLIP's text tower with a vocabulary of single characters; its tokenizer's files go to `folder`."""
    folder.mkdir(parents=True)
    characters = [chr(code) for code in range(33, 127)]
    words = [*characters, *(f"{c}</w>" for c in characters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    config = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        projection_dim=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=len(words) - 2,
        eos_token_id=len(words) - 1,
    )
    config.save_pretrained(folder)
    network = CLIPTextModelWithProjection(config).eval()
    randomise(network, 3)
    return TextEncoder("clip", network, AutoTokenizer.from_pretrained(folder))


def random_embedded() -> TR2M:
    """The embedded preset with its real backbone and text encoder; decoder and head are not trained."""
    backbone = load_backbone(0)
    torch.manual_seed(0)
    network = PyramidDepthNetwork(backbone, PyramidDecoder(backbone.channels))
    text = TextEncoder.from_pretrained("sentence", text_encoder_folder(EMBEDDED.text_encoder))
    return TR2M(EMBEDDED, network, None, text, RescaleHead(EMBEDDED.rescale_head)).eval()


def save_tiny_paper(folder: Path) -> Path:
    """Writes a model directory built as `paper` is: three networks of their own beside the head."""
    head = RescaleHead(TINY_PAPER.rescale_head)
    randomise(head, 4)
    text = tiny_clip_text(folder / "characters")
    save_parts(
        folder / "model",
        TINY_PAPER,
        head,
        DepthAnything(tiny_depth_anything()),
        ImageEncoder(tiny_dinov2()),
        text,
    )
    return folder / "model"
