"""Memory of a long replay: measured in a process of its own, because a peak never goes down again."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from rosbags.rosbag2 import Reader, StoragePlugin, Writer

FRAMES, EARLY = 2000, 200

REPLAY = """
import json, resource, sys
from pathlib import Path
from tr2m_core import DepthPredictor
from tr2m_core.bags.bag import Bag
from tr2m_core.replay.runner import ReplayOptions, replay_bag
from tr2m_core.bags.topics import find_topics

peaks = {}
def note(done, total):
    peaks[done] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with Bag(Path(sys.argv[1])) as bag:
    load = lambda: DepthPredictor.from_pretrained("embedded", device="cpu")
    replay_bag(bag, find_topics(bag), load, Path(sys.argv[2]), ReplayOptions(panels=2), on_progress=note)
print(json.dumps(peaks))
"""


def later(data: bytes, nanoseconds: int) -> bytes:
    """A serialised message that begins with a Header, stamped later."""
    seconds, rest = struct.unpack_from("<iI", data, 4)
    stamp = seconds * 1_000_000_000 + rest + nanoseconds
    return data[:4] + struct.pack("<iI", *divmod(stamp, 1_000_000_000)) + data[12:]


def repeated(recording: Path, path: Path, frames: int) -> Path:
    """The recording again and again, later each time, as one mcap bag."""
    with Reader(recording) as reader, Writer(path, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {
            c.id: writer.add_connection(c.topic, c.msgtype, msgdef=c.msgdef.data, rihs01=c.digest)
            for c in reader.connections
        }
        messages = list(reader.messages())
        length = messages[-1][1] - messages[0][1] + 33_000_000
        images = sum(c.topic.endswith("/color/image_raw") for c, _, _ in messages)
        for i in range(frames // images):
            for connection, recorded, data in messages:
                has_header = connection.msgtype.startswith("sensor_msgs/")
                message = later(bytes(data), i * length) if has_header else data
                writer.write(connections[connection.id], recorded + i * length, message)
    return path


@pytest.mark.slow
def test_peak_memory_is_flat(kit, tmp_path):
    bag = repeated(kit / "bags" / "d435_desk_mcap", tmp_path / "long", FRAMES)
    command = [sys.executable, "-c", REPLAY, str(bag), str(tmp_path / "out")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    peaks = {int(done): peak for done, peak in json.loads(output).items()}
    assert max(peaks) == FRAMES
    print(f"peak at frame {EARLY}: {peaks[EARLY]} KiB, at frame {FRAMES}: {peaks[FRAMES]} KiB")
    assert peaks[FRAMES] <= 1.05 * peaks[EARLY]
