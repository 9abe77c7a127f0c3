"""FramePipeline: frames and sentences in, depth and the bytes of ROS messages out. The node and replay share it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from tr2m_core.camera.model import ImageError, RayTable, RayTables
from tr2m_core.description import Mixture
from tr2m_core.errors import CameraError, DeviceError
from tr2m_core.inference.scale_filter import ScaleFilter
from tr2m_core.messages.packing import (
    CloudOptions,
    cloud_shape,
    finite_points,
    pack_cloud,
    pack_depth,
    pack_millimetres,
    point_step,
)
from tr2m_core.pipeline.memory import Memory
from tr2m_core.pipeline.telling import Telling
from tr2m_core.scale.estimate import NoEstimate, ScaleEstimate, apply_scale, estimate_scale, ratio
from tr2m_core.scale.ground_plane import estimate_from_height
from tr2m_core.scale.reference import Reference
from tr2m_core.scale.tracker import ScaleState, ScaleTracker
from tr2m_core.types import DepthPrediction

Rgb = npt.NDArray[np.uint8]
MOST_TRIED = 8  # sentences of a description that are compared with a reference of scale


class Product(Enum):
    """What can be made of a frame: pixels of images (H, W), but of COLOUR (H, W, 3) uint8 RGB, and points of CLOUD.

    DEPTH: float32 metres as REP 117 wants them. MILLIMETRES: uint16. SCALE_MAP, SHIFT_MAP: float32. CLOUD: float32
    (h, w, C), or (N, C) where it is not organised; C is 4, without colour 3. INFO has no bytes of its own: it asks for
    the camera.
    """

    DEPTH = auto()
    INFO = auto()
    CLOUD = auto()
    MILLIMETRES = auto()
    COLOUR = auto()
    SCALE_MAP = auto()
    SHIFT_MAP = auto()


MAPS = {Product.SCALE_MAP, Product.SHIFT_MAP}
MADE_OF_DEPTH = {Product.DEPTH, Product.CLOUD, Product.MILLIMETRES, Product.COLOUR}


class Predictor(Protocol):
    """What the pipeline needs of a `DepthPredictor`."""

    def predict_frames(
        self,
        frames: Sequence[Rgb],
        descriptions: Sequence[str | Mixture],
        *,
        maps: bool,
        scale: float,
        edge_jump: float | None,
    ) -> list[DepthPrediction]: ...


@dataclass(frozen=True)
class ScaleOptions:
    """How depth is compared with what the robot knows of distances."""

    correct: bool = False
    """Whether depth is multiplied by the factor; otherwise it is only told."""
    hold: float = 5.0
    """Seconds that the last factor is held without a reference, before it fades to 1."""
    camera_height: float = 0.0
    """Metres above the ground, used where there is no reference; 0: not known."""
    camera_pitch: float | None = None
    """Radians by which the camera looks down; None: not known."""


@dataclass(frozen=True)
class PipelineOptions:
    """Options that hold for all frames of a call."""

    min_depth: float = 0.01
    max_depth: float = 100.0
    """Metres; depth below min_depth is packed as -Inf, above max_depth as +Inf."""
    scale: float = 1.0
    """Height and width of the products, as a fraction of the frame's."""
    steadiness: float = 0.0
    """Seconds over which the size of the scene is kept steady; 0 treats every frame on its own."""
    description_blend: float = 0.0
    """Seconds that going over from one description to the next takes; 0: at once."""
    edge_jump: float = 0.0
    """Relative change of depth between neighbouring pixels from which they become no points; 0 keeps all."""
    cloud: CloudOptions = field(default_factory=CloudOptions)
    scale_reference: ScaleOptions | None = None
    """None: depth is taken as it is predicted."""


def no_reference(size: tuple[int, int]) -> Reference:
    return Reference(problem="no reference")


@dataclass(frozen=True)
class FrameInput:
    """One frame, and what is to be made of it."""

    rgb: Rgb
    """(H, W, 3)."""
    description: str
    """A sentence, or several that say the same, one per line: the mean of their embeddings counts, or the one that fits
    the reference of scale, where there is one."""
    stamp: int
    """Nanoseconds."""
    camera: str = ""
    """Name under which state is kept from frame to frame."""
    products: frozenset[Product] = frozenset()
    info: Callable[[], Any] = lambda: None
    """Returns the frame's camera_info, or None if there is none.

    It is called once the depth of the frame is there, because the camera_info may arrive after the image.
    """
    rectified: bool = False
    """Whether the frame is rectified."""
    reference: Callable[[tuple[int, int]], Reference] = no_reference
    """Returns what is known of distances, for depth of (height, width); called once the depth is there."""
    maps: bool = False
    """Whether the prediction must hold relative depth and maps."""
    memory: Memory = field(default_factory=Memory)
    """Where the products go."""


class FrameOutput(NamedTuple):
    """What became of a frame."""

    frame: FrameInput
    prediction: DepthPrediction
    """The prediction, with its depth steadied."""
    packed: dict[Product, npt.NDArray[Any]]
    """The products asked for, in the frame's memory; no cloud without rays."""
    info: Any | None
    """The camera_info; None if there is none for this frame's size."""
    camera_error: CameraError | None
    """Why the camera_info gives no rays."""
    seconds: float
    """Seconds that the model took for the whole batch."""
    scale: ScaleState | None = None
    """How the depth compares with the reference, if that was asked for."""
    scale_from: str = ""
    """What the reference was: a source of `scale.reference`, or "height"."""
    preferred: str = ""
    """The one of several sentences that fits the reference; empty until that is known."""


class FrameFailure(NamedTuple):
    """A frame that could not be processed."""

    frame: FrameInput
    error: Exception
    predicted: bool = False
    """Whether the error came after the model, while the products were made."""


class FramePipeline:
    """Leads frames through the model and packs what is asked for. For one thread at a time."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._cameras: defaultdict[str, _Camera] = defaultdict(_Camera)

    def process(self, frames: Sequence[FrameInput], options: PipelineOptions) -> Iterator[FrameOutput | FrameFailure]:
        """Predicts the frames as one batch; yields what became of each, in order, as soon as it is made.

        No exception of one frame touches another. `DeviceError` in a failure: the device computes no more.
        """
        start = time.perf_counter()
        predictions = self._predict(frames, options)
        seconds = time.perf_counter() - start
        for frame, prediction in zip(frames, predictions, strict=True):
            if isinstance(prediction, Exception):
                yield FrameFailure(frame, prediction)
                continue
            try:
                output = self._finish(frame, prediction, options, seconds)
            except Exception as error:  # what is wrong with one camera stops no other
                yield FrameFailure(frame, error, predicted=True)
                continue
            yield output

    def _predict(self, frames: Sequence[FrameInput], options: PipelineOptions) -> list[DepthPrediction | Exception]:
        """A prediction, or what went wrong, for each."""
        edges = options.edge_jump > 0 and any(Product.CLOUD in frame.products for frame in frames)
        try:
            return list(
                self._predictor.predict_frames(
                    [frame.rgb for frame in frames],
                    [self._told(frame, options) for frame in frames],
                    maps=any(frame.maps or frame.products & MAPS for frame in frames),
                    scale=options.scale,
                    edge_jump=options.edge_jump if edges else None,
                )
            )
        except DeviceError as error:
            return [error] * len(frames)
        except Exception as error:
            if len(frames) == 1:
                return [error]
        # One frame may be to blame: each on its own, so that the others come out.
        return [self._predict([frame], options)[0] for frame in frames]

    def _finish(
        self, frame: FrameInput, prediction: DepthPrediction, options: PipelineOptions, seconds: float
    ) -> FrameOutput:
        camera = self._cameras[frame.camera]
        camera.steady(frame, prediction, options.steadiness)
        info, rays, error = camera.look(frame, _size(prediction.metric_depth))
        scale, source = camera.scale(frame, prediction, rays, options.scale_reference)
        if scale is not None and scale.estimate is not None and camera.telling.undecided:
            self._prefer_sentence(frame, rays, options)
        packed = _pack(frame, prediction, rays, options)
        return FrameOutput(frame, prediction, packed, info, error, seconds, scale, source, camera.telling.preferred)

    def _told(self, frame: FrameInput, options: PipelineOptions) -> str | Mixture:
        return self._cameras[frame.camera].telling.at(frame.description, frame.stamp, options.description_blend)

    def _prefer_sentence(self, frame: FrameInput, rays: RayTable | None, options: PipelineOptions) -> None:
        """Prefers the sentence whose depth is nearest to the reference; takes a prediction for each."""
        assert options.scale_reference is not None
        telling = self._cameras[frame.camera].telling
        sentences = telling.undecided[:MOST_TRIED]
        predictions = self._predictor.predict_frames(
            [frame.rgb] * len(sentences), sentences, maps=False, scale=options.scale, edge_jump=None
        )
        reference, off = frame.reference(_size(predictions[0].metric_depth)), {}
        for sentence, prediction in zip(sentences, predictions, strict=True):
            estimate, _ = _estimate(reference, prediction.metric_depth, rays, options.scale_reference)
            if isinstance(estimate, ScaleEstimate):
                off[sentence] = ratio(estimate.factor)
        if off:
            telling.prefer(min(off, key=off.__getitem__))


class _Camera:
    """What is kept of a camera from frame to frame."""

    def __init__(self) -> None:
        self.telling = Telling()
        self._window = 0.0  # s
        self._filter: ScaleFilter | None = None
        self._rays = RayTables()
        self._tracker: ScaleTracker | None = None
        self._hold = 0.0  # s

    def steady(self, frame: FrameInput, prediction: DepthPrediction, window: float) -> None:
        """Multiplies the depth by what keeps the size of the scene steady over `window` seconds."""
        if window != self._window:
            self._filter, self._window = ScaleFilter(window) if window > 0 else None, window
        if self._filter is not None:
            depth = prediction.metric_depth
            factor = self._filter.factor(depth, frame.rgb, frame.stamp, frame.description)
            np.multiply(depth, np.float32(factor), out=depth)

    def look(self, frame: FrameInput, size: tuple[int, int]) -> tuple[Any | None, RayTable | None, CameraError | None]:
        """The frame's camera_info, the rays of its depth of this size, and why there are none."""
        info = frame.info()
        if info is None:
            return None, None, None
        try:
            return info, self._rays.get(info, _size(frame.rgb), frame.rectified, size), None
        except CameraError as error:
            return None if isinstance(error, ImageError) else info, None, error

    def scale(
        self, frame: FrameInput, prediction: DepthPrediction, rays: RayTable | None, options: ScaleOptions | None
    ) -> tuple[ScaleState | None, str]:
        """How the depth compares with the reference, and what that is; corrects the depth where that is wanted."""
        if options is None:
            self._tracker = None
            return None, ""
        if self._tracker is None or options.hold != self._hold:
            self._tracker, self._hold = ScaleTracker(hold=options.hold), options.hold
        depth = prediction.metric_depth
        estimate, source = _estimate(frame.reference(_size(depth)), depth, rays, options)
        told = self.telling.preferred or frame.description
        state = self._tracker.update(frame.stamp, told, estimate)
        if options.correct:
            apply_scale(depth, state.factor, state.shift)
        return state, source


def _estimate(
    reference: Reference, depth: npt.NDArray[np.float32], rays: RayTable | None, options: ScaleOptions
) -> tuple[ScaleEstimate | NoEstimate, str]:
    """By the reference, or else by the height of the camera."""
    if len(reference.samples):
        return estimate_scale(depth, reference.samples), reference.source
    if options.camera_height <= 0:
        return NoEstimate(reference.problem), ""
    if rays is None:
        return NoEstimate("camera_height: no camera_info of the image"), "height"
    return estimate_from_height(depth, rays, options.camera_height, options.camera_pitch), "height"


def _pack(
    frame: FrameInput, prediction: DepthPrediction, rays: RayTable | None, options: PipelineOptions
) -> dict[Product, npt.NDArray[Any]]:
    wanted, memory = frame.products, frame.memory
    size = _size(prediction.metric_depth)
    packed: dict[Product, npt.NDArray[Any]] = {}
    if not wanted.isdisjoint(MADE_OF_DEPTH):
        depth = memory.array(Product.DEPTH, size, np.float32)
        pack_depth(prediction.metric_depth, options.min_depth, options.max_depth, out=depth)
        if Product.DEPTH in wanted:
            packed[Product.DEPTH] = depth
        if Product.CLOUD in wanted and rays is not None:
            packed[Product.CLOUD] = _points(frame, depth, rays, options.cloud, prediction.edges)
        if Product.MILLIMETRES in wanted:
            packed[Product.MILLIMETRES] = memory.array(Product.MILLIMETRES, size, np.uint16)
            pack_millimetres(depth, packed[Product.MILLIMETRES])
        if Product.COLOUR in wanted:
            packed[Product.COLOUR] = memory.array(Product.COLOUR, (*size, 3), np.uint8)
            packed[Product.COLOUR][:] = _colourised(depth)
    for product, values in ((Product.SCALE_MAP, prediction.scale_map), (Product.SHIFT_MAP, prediction.shift_map)):
        if product in wanted and values is not None:
            packed[product] = memory.array(product, size, np.float32)
            packed[product][:] = values
    return packed


def _points(
    frame: FrameInput,
    depth: npt.NDArray[np.float32],
    rays: RayTable,
    options: CloudOptions,
    edges: npt.NDArray[np.bool_] | None,
) -> npt.NDArray[np.float32]:
    shape = cloud_shape(_size(depth), options.stride)
    points: npt.NDArray[np.float32] = frame.memory.array(
        Product.CLOUD, (*shape, point_step(options.colour) // 4), np.float32
    )
    rgb = _resized(frame.rgb, _size(depth)) if options.colour else None
    scratch = frame.memory.array("points", (*shape, 4), np.uint8)
    pack_cloud(depth, rgb, rays, options, points, scratch, edges)
    return points if options.organised else finite_points(points)


def _resized(rgb: Rgb, size: tuple[int, int]) -> Rgb:
    if _size(rgb) == size:
        return rgb
    return np.asarray(cv2.resize(rgb, (size[1], size[0]), interpolation=cv2.INTER_AREA), np.uint8)


def _colourised(depth: npt.NDArray[np.float32]) -> Rgb:
    from tr2m_core.visualization import colourise_depth, display_range  # matplotlib takes a second to load

    return colourise_depth(depth, *display_range(depth))


def _size(pixels: npt.NDArray[Any]) -> tuple[int, int]:
    return pixels.shape[0], pixels.shape[1]
