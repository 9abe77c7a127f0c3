"""Fixtures shared by all tests: the optional kit of real photographs, small synthetic bags, stand-in predictors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from stand_ins import OneByOne

from tr2m_core.types import DepthPrediction

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach out; before transformers is imported
_home = tempfile.TemporaryDirectory(prefix="tr2m-home-")
os.environ["TR2M_HOME"] = _home.name  # of processes that tests start too: this machine's own stays as it is

ROOT = Path(__file__).resolve().parent.parent
STORAGES = {"sqlite3": StoragePlugin.SQLITE3, "mcap": StoragePlugin.MCAP}
START = 1_600_000_000_000_000_000
PERIOD = 100_000_000
NEVER = QosTime(2147483647, 4294967295)
LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    NEVER,
    NEVER,
    QosLiveliness.AUTOMATIC,
    NEVER,
    False,
)
IMAGE, DEPTH, INFO, TEXT = "/camera/image_raw", "/camera/depth/image_raw", "/camera/camera_info", "/scene_description"


@pytest.fixture(scope="session")
def kit() -> Path:
    """Real photographs and bags with measured depth, which lie outside the repository."""
    path = ROOT.parent / "shared" / "kit"
    if not path.is_dir():
        pytest.skip(f"the kit of real photographs is not at {path}")
    return path


class Messages:
    """Builds ROS messages and writes bags without ROS."""

    def __init__(self) -> None:
        self.store = get_typestore(Stores.ROS2_HUMBLE)

    def image(self, stamp: int, encoding: str, pixels: np.ndarray, **changes: Any) -> Any:
        """An Image of pixels (H, W[, C]); `changes` override fields."""
        fields = {
            "header": self.header(stamp),
            "height": pixels.shape[0],
            "width": pixels.shape[1],
            "encoding": encoding,
            "is_bigendian": int(pixels.dtype.byteorder == ">"),
            "step": pixels[0].nbytes,
            "data": np.frombuffer(pixels.tobytes(), np.uint8),
        }
        return self.store.types["sensor_msgs/msg/Image"](**fields | changes)

    def compressed(self, stamp: int, image_format: str, data: bytes) -> Any:
        """A CompressedImage of the bytes of a file."""
        return self.store.types["sensor_msgs/msg/CompressedImage"](
            header=self.header(stamp), format=image_format, data=np.frombuffer(data, np.uint8)
        )

    def text(self, description: str) -> Any:
        return self.store.types["std_msgs/msg/String"](data=description)

    def info(self, stamp: int, fx: float, fy: float, cx: float, cy: float, size: tuple[int, int] = (6, 8)) -> Any:
        region = self.store.types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
        return self.store.types["sensor_msgs/msg/CameraInfo"](
            header=self.header(stamp),
            height=size[0],
            width=size[1],
            distortion_model="plumb_bob",
            d=np.zeros(5),
            k=np.array([fx, 0, cx, 0, fy, cy, 0, 0, 1], np.float64),
            r=np.eye(3).ravel(),
            p=np.zeros(12),
            binning_x=0,
            binning_y=0,
            roi=region,
        )

    def write(
        self, path: Path, storage: str, entries: Sequence[tuple[str, int, Any]], compression: str = "none"
    ) -> Path:
        """Writes (topic, recording time, message) entries; a message of (type, bytes) is written as it is.

        compression: none, file, message, or storage for the chunks of mcap.
        """
        writer = Writer(path, version=8, storage_plugin=STORAGES[storage])
        writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
        with writer:
            connections: dict[str, Any] = {}
            for topic, recorded, message in entries:
                raw = isinstance(message, tuple)
                kind, data = message if raw else (message.__msgtype__, None)
                if topic not in connections:
                    latched = [LATCHED] if kind == "std_msgs/msg/String" else []
                    connections[topic] = writer.add_connection(
                        topic, kind, typestore=self.store, offered_qos_profiles=latched
                    )
                writer.write(connections[topic], recorded, data if raw else self.store.serialize_cdr(message, kind))
        return path

    def header(self, stamp: int, frame: str = "camera") -> Any:
        time = self.store.types["builtin_interfaces/msg/Time"](*divmod(stamp, 1_000_000_000))
        return self.store.types["std_msgs/msg/Header"](stamp=time, frame_id=frame)

    def make(self, package: str, name: str, **fields: Any) -> Any:
        """Any other message, as make("sensor_msgs", "Range", ...)."""
        return self.store.types[f"{package}/msg/{name}"](**fields)

    def recording(self, count: int = 4, description: str | None = "A desk.") -> list[tuple[str, int, Any]]:
        """Entries of a small recording: 8x6 colour frames, depth 1000 mm + 100 mm per frame with one invalid pixel."""
        entries: list[tuple[str, int, Any]] = []
        if description is not None:
            entries.append((TEXT, START - PERIOD, self.text(description)))
        for i in range(count):
            stamp = START + i * PERIOD
            colour = np.full((6, 8, 3), 20 * i % 256, np.uint8)
            depth = np.full((6, 8), 1000 + 100 * i, "<u2")
            depth[0, 0] = 0
            entries.append((IMAGE, stamp, self.image(stamp, "rgb8", colour)))
            entries.append((DEPTH, stamp, self.image(stamp, "16UC1", depth)))
            entries.append((INFO, stamp, self.info(stamp, 500, 510, 4, 3)))
        return entries


@pytest.fixture(scope="session")
def messages() -> Messages:
    return Messages()


@pytest.fixture(params=sorted(STORAGES))
def storage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def write_bag(tmp_path: Path, messages: Messages, storage: str) -> Callable[[Sequence[tuple[str, int, Any]]], Path]:
    """Writes entries as a bag, once as sqlite3 and once as mcap."""
    return lambda entries: messages.write(tmp_path / "recording", storage, entries)


class ConstantPredictor(OneByOne):
    """Predicts one depth everywhere and remembers the sentences and mean brightness it was given."""

    engine, device, precision, antialias = "torch", "cpu", "fp32", False

    class config:
        notice = ""

    def __init__(self, depth: float = 1.0) -> None:
        self.depth = depth
        self.seen: list[tuple[str, float]] = []

    def warm_up(self) -> None:
        pass

    def predict(self, rgb: np.ndarray, description: str, *, maps: bool = True, flip: bool = False) -> DepthPrediction:
        if min(rgb.shape[:2]) < 2:
            raise ValueError(f"the frame is {rgb.shape[1]}x{rgb.shape[0]} pixels; at least 2x2 are needed")
        self.seen.append((description, float(rgb.mean())))
        values = np.full(rgb.shape[:2], self.depth, np.float32)
        return DepthPrediction(values, values, values, values) if maps else DepthPrediction(values)


@pytest.fixture
def constant_predictor() -> ConstantPredictor:
    return ConstantPredictor()


@pytest.fixture(scope="session")
def embedded() -> Any:
    """The bundled model on the CPU."""
    from tr2m_core import DepthPredictor

    return DepthPredictor.from_pretrained("embedded", device="cpu", engine="torch")


@pytest.fixture(scope="session")
def tiny_paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a model built as `paper` is, in miniature."""
    from tiny_models import save_tiny_paper

    return save_tiny_paper(tmp_path_factory.mktemp("tiny_paper"))
