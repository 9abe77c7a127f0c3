"""TR2M: a frozen relative-depth network, frozen image and text encoders, and the rescale head that is trained."""

from __future__ import annotations

from torch import Tensor, nn

from tr2m_core.config import PATCH_SIZE, ModelConfig
from tr2m_core.model.encoders import ImageEncoder, TextEncoder
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.model.rescale_head import RescaleHead
from tr2m_core.types import TR2MOutput


class TR2M(nn.Module):
    """metric depth = 1 / (scale_map * relative_depth + shift_map), element-wise (arXiv 2506.13387).

    image_encoder None: the relative-depth network's backbone serves as image encoder and runs once.
    """

    def __init__(
        self,
        config: ModelConfig,
        relative_depth: RelativeDepthNetwork,
        image_encoder: ImageEncoder | None,
        text_encoder: TextEncoder,
        rescale_head: RescaleHead,
    ) -> None:
        super().__init__()
        self.config = config
        self.relative_depth = relative_depth
        self.image_encoder = image_encoder
        self.text_encoder = text_encoder
        self.rescale_head = rescale_head
        for frozen in self.frozen_parts():
            frozen.requires_grad_(False)

    def frozen_parts(self) -> list[nn.Module]:
        parts = [self.relative_depth, self.text_encoder, self.image_encoder]
        return [part for part in parts if part is not None]

    def train(self, mode: bool = True) -> TR2M:
        """Puts the rescale head into training mode; the frozen parts stay in evaluation mode."""
        super().train(mode)
        for frozen in self.frozen_parts():
            frozen.eval()
        return self

    def forward(self, pixel_values: Tensor, text_vector: Tensor) -> TR2MOutput:
        """Normalised pictures (B, 3, H, W) and sentence vectors (B or 1, 1, Ci) from `RescaleHead.text_vector`."""
        relative, tokens = self.relative_depth(pixel_values)
        if self.image_encoder is not None:
            tokens = self.image_encoder(pixel_values)
        grid = (pixel_values.shape[-2] // PATCH_SIZE, pixel_values.shape[-1] // PATCH_SIZE)
        maps = self.rescale_head.rescale_maps(tokens, text_vector, grid)
        relative = relative.float()
        return TR2MOutput(1.0 / (maps.scale_map * relative + maps.shift_map), relative, maps)
