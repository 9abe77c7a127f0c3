"""The first row of the paper's ablation: one scale and one shift for the whole image, from sentence and image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tr2m_core.model.config import RescaleHeadConfig
from tr2m_core.model.precision import Float32Conv2d, LayerNorm
from tr2m_core.model.rescale_head import AlignMLP, QuickGELU, check_grid, read_embedding
from tr2m_core.types import RescaleMaps


class SingleFactorHead(nn.Module):
    """Predicts one scale A and one shift B of metric depth = 1 / (A * relative depth + B), as RSA (arXiv 2410.02924).

    A three-layer MLP on the aligned sentence beside the mean image token. It has RescaleHead's interface, so that the
    two are trained, stored and compared alike.
    """

    def __init__(self, config: RescaleHeadConfig) -> None:
        super().__init__()
        self.config = c = config
        self.align_mlp = AlignMLP(c.text_width, c.image_width) if c.text_width != c.image_width else nn.Identity()
        self.ln_text = LayerNorm(c.image_width)
        self.ln_image = LayerNorm(c.image_width)
        self.mlp = nn.Sequential(
            nn.Linear(2 * c.image_width, c.image_width),
            QuickGELU(),
            nn.Linear(c.image_width, c.image_width),
            QuickGELU(),
        )
        self.output_scale = Float32Conv2d(c.image_width, 1, 1)
        self.output_shift = Float32Conv2d(c.image_width, 1, 1)

    def text_vector(self, text_embedding: Tensor) -> Tensor:
        """What the MLP reads of the sentence, computed once per sentence: (B, 1, Ct) -> (B, 1, Ci)."""
        vector: Tensor = self.ln_text(self.align_mlp(read_embedding(text_embedding, self.config)))
        return vector

    def forward(
        self, image_tokens: Tensor, text_embedding: Tensor, grid: tuple[int, int], thinning: int = 1
    ) -> RescaleMaps:
        """As `RescaleHead.forward`."""
        return self.rescale_maps(image_tokens, self.text_vector(text_embedding), grid, thinning)

    def rescale_maps(
        self, image_tokens: Tensor, text_vector: Tensor, grid: tuple[int, int], thinning: int = 1
    ) -> RescaleMaps:
        """As forward, for a sentence already reduced by `text_vector`: (B or 1, 1, Ci).

        The maps hold one value per image; both kinds of features are the MLP's last hidden layer, (B, Ci, 1, 1).
        """
        check_grid(image_tokens, grid)
        image = self.ln_image(image_tokens.mean(1, keepdim=True, dtype=torch.float32))
        x = torch.cat((image, text_vector.expand(image.shape[0], -1, -1).float()), dim=-1)
        features = self.mlp(x).transpose(1, 2).unsqueeze(-1)
        scale = self.output_scale(features).exp() * self.config.scale_coefficient
        shift = self.output_shift(features).exp() * self.config.shift_coefficient
        height, width = (self.config.patch_size // thinning * cells for cells in grid)
        return RescaleMaps(scale.expand(-1, -1, height, width), shift.expand(-1, -1, height, width), features, features)
