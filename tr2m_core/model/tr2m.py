"""TR2M: a frozen relative-depth network, frozen image and text encoders, and the rescale head that is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from huggingface_hub import ModelCard, PyTorchModelHubMixin
from torch import Tensor, nn

from tr2m_core.model.checkpoints import save_parts
from tr2m_core.model.config import ModelConfig
from tr2m_core.model.heads import Head
from tr2m_core.model.loading import load_parts, new_parts
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.model.sources import NO_OVERRIDES, ModelSources, Overrides, find_model
from tr2m_core.model.text_encoder import TextEncoder
from tr2m_core.types import TR2MOutput

if TYPE_CHECKING:
    from tr2m_core.model.dinov2 import ImageEncoder

MODEL_CARD = """\
---
{{ card_data }}
---

# {{ config.name }}

Metric depth from one image and one sentence about the scene: a TR2M model (arXiv 2506.13387).
{% if config.notice %}
{{ config.notice }}
{% endif %}
| part | from |
|---|---|
| rescale head | rescale_head.safetensors, {{ parameters }} parameters |
| relative-depth network | {{ config.relative_depth }} |
| image encoder | {{ config.image_encoder }} |
| text encoder | {{ config.text_encoder.source }} |

"stored" means in this directory, "shared" the relative-depth network's backbone. Each part keeps the licence of whoever
trained it. Images are resized to {{ config.input_size[0] }}x{{ config.input_size[1] }} pixels.

```python
from tr2m_core import DepthPredictor

predictor = DepthPredictor.from_pretrained("PATH OR HUB ID OF THIS DIRECTORY")
depth = predictor.predict(rgb_uint8_hw3, "A small office with two desks.").metric_depth  # (H, W) float32 metres
```
"""


class TR2M(
    nn.Module,
    PyTorchModelHubMixin,
    library_name="tr2m",
    pipeline_tag="depth-estimation",
    tags=["metric-depth", "tr2m"],
    model_card_template=MODEL_CARD,
):
    """metric depth = 1 / (scale_map * relative_depth + shift_map), element-wise (arXiv 2506.13387).

    image_encoder None: the relative-depth network's backbone serves as image encoder and runs once.
    `save_pretrained(directory)` writes a model directory, `push_to_hub(repo_id)` uploads one.
    """

    def __init__(
        self,
        config: ModelConfig,
        relative_depth: RelativeDepthNetwork,
        image_encoder: ImageEncoder | None,
        text_encoder: TextEncoder,
        rescale_head: Head,
    ) -> None:
        super().__init__()
        self.config = config
        self.relative_depth = relative_depth
        self.image_encoder = image_encoder
        self.text_encoder = text_encoder
        self.rescale_head = rescale_head
        for frozen in self.frozen_parts():
            frozen.requires_grad_(False)

    @classmethod
    def from_pretrained(cls, name: str | Path, **overrides: Any) -> TR2M:  # type: ignore[override]
        """Loads a preset, a model directory or a Hub id of one. Raises InputError.

        overrides: checkpoint, relative_depth, image_encoder, text_encoder, as in `sources.Overrides`.
        """
        return load_model(name, Overrides(**overrides))

    def _save_pretrained(self, save_directory: Path) -> None:
        save_model(self, save_directory)

    def generate_model_card(self, *args: Any, **kwargs: Any) -> ModelCard:
        parameters = sum(parameter.numel() for parameter in self.rescale_head.parameters())
        return super().generate_model_card(*args, config=self.config, parameters=f"{parameters:,}", **kwargs)

    def frozen_parts(self) -> list[nn.Module]:
        parts = [self.relative_depth, self.text_encoder, self.image_encoder]
        return [part for part in parts if part is not None]

    def train(self, mode: bool = True) -> TR2M:
        """Puts the rescale head into training mode; the frozen parts stay in evaluation mode."""
        super().train(mode)
        for frozen in self.frozen_parts():
            frozen.eval()
        return self

    def encode(self, sentences: list[str]) -> Tensor:
        """Sentences -> the vectors (B, 1, Ci) that `forward` takes, one per sentence and independent of the image."""
        embedding = self.text_encoder.encode(sentences).clone()  # made in inference mode; training needs a plain tensor
        return self.rescale_head.text_vector(embedding)

    def forward(self, pixel_values: Tensor, text_vector: Tensor) -> TR2MOutput:
        """Normalised images (B, 3, H, W) and sentence vectors (B or 1, 1, Ci) from `encode`."""
        relative, tokens = self.relative_depth(pixel_values)
        if self.image_encoder is not None:
            tokens = self.image_encoder(pixel_values)
        maps = self.rescale_head.rescale_maps(tokens, text_vector, self.config.grid(pixel_values.shape[-2:]))
        return TR2MOutput(1.0 / (maps.scale_map * relative + maps.shift_map), relative, maps)


def load_model(name: str | Path, overrides: Overrides = NO_OVERRIDES) -> TR2M:
    """A preset, a model directory or a Hub id of one, in evaluation mode. Raises InputError as `open_model` does."""
    return open_model(find_model(name, overrides))


def open_model(sources: ModelSources) -> TR2M:
    """A model that has been found, in evaluation mode. Raises InputError as `load_parts` does."""
    return TR2M(*load_parts(sources)).eval()


def new_model(sources: ModelSources, head: dict[str, Any]) -> TR2M:
    """A model whose head has fresh weights. Raises InputError as `new_parts` does."""
    return TR2M(*new_parts(sources, head))


def save_model(model: TR2M, directory: Path) -> None:
    """Writes a model directory; encoders that the configuration calls "stored" go along."""
    save_parts(
        directory, model.config, model.rescale_head, model.relative_depth, model.image_encoder, model.text_encoder
    )
