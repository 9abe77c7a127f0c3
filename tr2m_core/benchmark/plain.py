"""The plain way to do what this package does, as the authors' demo and common depth nodes do it; a yardstick."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.tr2m import TR2M
from tr2m_core.types import Intrinsics

if TYPE_CHECKING:
    from tr2m_core.types import Pixels


class PlainPredictor:
    """Eager float32: the relative-depth network, then the image encoder, then the sentence, for every frame anew."""

    def __init__(self, model: TR2M, device: torch.device, input_size: tuple[int, int]) -> None:
        """model: a copy of it is used. input_size: (height, width) that frames are resized to."""
        self.model = copy.deepcopy(model).to(device).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.device, self.input_size = device, input_size
        self.normalize = Normalizer(model.config, device)

    @torch.no_grad()
    def predict(self, rgb: Pixels, description: str) -> npt.NDArray[np.float32]:
        """(H, W, 3) -> (H, W) metres."""
        model, size = self.model, self.input_size
        image = cv2.resize(rgb.astype(np.float32) / 255.0, size[::-1], interpolation=cv2.INTER_AREA)
        pixels = self.normalize(torch.from_numpy(image.transpose(2, 0, 1)[None].copy()).to(self.device))
        relative, _ = model.relative_depth(pixels)
        encoder = model.image_encoder
        tokens = model.relative_depth(pixels)[1] if encoder is None else encoder(pixels)
        embedding = model.text_encoder.encode([description]).clone()
        maps = model.rescale_head(tokens, embedding, model.config.grid(size))
        depth = 1.0 / (maps.scale_map * relative + maps.shift_map)
        depth = F.interpolate(depth, size=rgb.shape[:2], mode="bilinear", align_corners=True)
        full: npt.NDArray[np.float32] = depth[0, 0].cpu().numpy()
        return full


def plain_messages(message: Any, depth: npt.NDArray[np.float32], lens: Intrinsics) -> tuple[bytes, bytes]:
    """The data of an rgb8 image's depth image and of its organised, coloured cloud, by numpy's usual means."""
    height, width = depth.shape
    rgb = np.frombuffer(bytes(message.data), np.uint8).reshape(height, width, 3).copy()
    u, v = np.meshgrid(np.arange(width), np.arange(height))
    x, y = (u - lens.cx) * depth / lens.fx, (v - lens.cy) * depth / lens.fy
    red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
    colour = (red << 16 | green << 8 | blue).view(np.float32)
    points = np.stack((x, y, depth, colour), axis=-1).astype(np.float32)
    points[~np.isfinite(depth)] = np.nan
    return depth.astype(np.float32).tobytes(), points.tobytes()
