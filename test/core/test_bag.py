from __future__ import annotations

import re
import shutil
import sqlite3
import struct
import tracemalloc
from contextlib import closing

import numpy as np
import pytest
import yaml
from bags import contents, expected, storage_file, write_mcap
from mcap.writer import Writer

from tr2m_core.bags.bag import Bag, Topic
from tr2m_core.errors import FrameError, InputError

IMAGE, DEPTH, INFO, TEXT = "/camera/image_raw", "/camera/depth/image_raw", "/camera/camera_info", "/scene_description"
START, PERIOD = 1_600_000_000_000_000_000, 100_000_000
TYPES = {
    IMAGE: "sensor_msgs/msg/Image",
    DEPTH: "sensor_msgs/msg/Image",
    INFO: "sensor_msgs/msg/CameraInfo",
    TEXT: "std_msgs/msg/String",
}
COMPRESSIONS = [("sqlite3", "file"), ("sqlite3", "message"), ("mcap", "file"), ("mcap", "message"), ("mcap", "storage")]
CHUNKS = [("none", 500), ("lz4", 1500), ("zstd", 4000), ("zstd", 10**6)]


def test_topics_and_messages(write_bag, messages):
    entries = messages.recording(3)
    with Bag(write_bag(entries)) as bag:
        assert bag.topics == {name: Topic(kind, 1 if name == TEXT else 3) for name, kind in TYPES.items()}
        assert [tuple(m) for m in bag.messages(bag.topics)] == expected(messages, entries)
        assert [m.topic for m in bag.messages([TEXT, INFO])] == [TEXT, INFO, INFO, INFO]
        assert list(bag.messages(["/nothing"])) == []
        assert bag.first(TEXT).data == "A desk."
        assert bag.describe_topics().endswith(f"{TEXT} (std_msgs/msg/String, 1)")
        assert bag.damage is None


@pytest.mark.parametrize(("storage", "compression"), COMPRESSIONS)
def test_compressed_bags(tmp_path, messages, storage, compression):
    entries = messages.recording(5)
    folder = messages.write(tmp_path / "bag", storage, entries, compression)
    assert contents(folder) == contents(storage_file(folder)) == expected(messages, entries)
    (folder / "metadata.yaml").unlink()
    with Bag(folder) as bag:
        assert len(list(bag.messages([IMAGE]))) == 5
        assert bag.damage is None


@pytest.mark.parametrize(("compression", "chunk"), CHUNKS)
@pytest.mark.parametrize(
    "options", [{}, {"use_chunking": False}, {"repeat_channels": False}, {"repeat_schemas": False}, {"index_types": 0}]
)
def test_mcap_chunks_with_and_without_an_index(tmp_path, messages, compression, chunk, options):
    if "index_types" in options:
        from mcap.writer import IndexType

        options = {"index_types": IndexType.NONE, "use_statistics": False, "use_summary_offsets": False}
    entries = messages.recording(5)
    path = write_mcap(tmp_path / "a.mcap", messages, entries, compression, chunk_size=chunk, **options)
    with Bag(path) as bag:
        assert bag.topics == {name: Topic(kind, 1 if name == TEXT else 5) for name, kind in TYPES.items()}
        assert [tuple(m) for m in bag.messages(bag.topics)] == expected(messages, entries)
        assert bag.damage is None


def test_topics_of_one_type_in_different_chunks(tmp_path, messages):
    entries = [(topic, START + i, messages.text(topic * 50)) for i, topic in enumerate(("/a", "/b", "/c"))]
    path = write_mcap(tmp_path / "a.mcap", messages, entries, chunk_size=60)
    assert contents(path, ["/c"]) == expected(messages, entries[2:])  # the type was defined in the first chunk


def test_chunks_that_overlap_in_time_are_merged(tmp_path, messages):
    entries = [("/text", START + i, messages.text(str(i))) for i in (3, 1, 0, 2, 5, 4)]
    path = write_mcap(tmp_path / "a.mcap", messages, entries, chunk_size=60)
    assert [recorded - START for _, recorded, _ in contents(path)] == [0, 1, 2, 3, 4, 5]


def test_rows_come_in_order_of_time(tmp_path, messages):
    entries = [("/text", START + i, messages.text(str(i))) for i in (3, 1, 0, 2)]
    folder = messages.write(tmp_path / "a", "sqlite3", entries)
    assert [recorded - START for _, recorded, _ in contents(folder)] == [0, 1, 2, 3]


def split(tmp_path, messages, storage, names):
    """A bag of several files with two frames each."""
    folder = tmp_path / "split"
    folder.mkdir()
    entries = messages.recording(2 * len(names))[1:]
    for i, name in enumerate(names):
        part = messages.write(tmp_path / str(i), storage, entries[6 * i : 6 * i + 6])
        shutil.move(storage_file(part), folder / name)
    listed = {"rosbag2_bagfile_information": {"relative_file_paths": list(names)}}
    (folder / "metadata.yaml").write_text(yaml.safe_dump(listed))
    return folder, expected(messages, entries)


@pytest.mark.parametrize(("storage", "suffix"), [("sqlite3", "db3"), ("mcap", "mcap")])
def test_split_bags_with_and_without_metadata(tmp_path, messages, storage, suffix):
    folder, whole = split(tmp_path, messages, storage, [f"bag_{i}.{suffix}" for i in (8, 9, 10)])
    assert contents(folder) == whole
    (folder / "metadata.yaml").unlink()
    with Bag(folder) as bag:  # bag_10 comes behind bag_9
        assert [tuple(m) for m in bag.messages(bag.topics)] == whole
        assert bag.topics[IMAGE].count == 6
        assert bag.damage is None


def test_missing_files_of_a_split_bag_are_damage(tmp_path, messages):
    folder, whole = split(tmp_path, messages, "mcap", ["bag_0.mcap", "bag_1.mcap"])
    (folder / "bag_1.mcap").unlink()
    with Bag(folder) as bag:
        assert [tuple(m) for m in bag.messages(bag.topics)] == whole[:6]
        assert bag.damage == "bag_1.mcap: missing"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged"),
        ("rosbag2_bagfile_information: 3", "damaged"),
        ("rosbag2_bagfile_information: {relative_file_paths: [", "damaged"),
        ("rosbag2_bagfile_information: {relative_file_paths: [gone.mcap]}", r"gone\.mcap: missing"),
        ("rosbag2_bagfile_information: {relative_file_paths: [../outside.mcap]}", "not a storage file inside the bag"),
        ("rosbag2_bagfile_information: {relative_file_paths: [/etc/outside.mcap]}", "not a storage file inside"),
        ("[" * 100_000, "damaged"),
    ],
)
def test_damaged_metadata_is_not_needed(tmp_path, messages, text, words):
    entries = messages.recording(2)
    folder = messages.write(tmp_path / "bag", "mcap", entries)
    messages.write(tmp_path / "other", "mcap", entries[:1])
    shutil.move(storage_file(tmp_path / "other"), tmp_path / "outside.mcap")
    (folder / "metadata.yaml").write_text(text)
    assert contents(folder) == expected(messages, entries)
    with Bag(folder) as bag:
        assert re.search(words, bag.damage)


@pytest.fixture(params=["sqlite3", "rosbags", "chunks", "zstd", "lz4", "unchunked"])
def whole_file(request, tmp_path, messages):
    """A storage file of 120 frames and all its messages."""
    entries = messages.recording(120)
    if request.param in ("sqlite3", "rosbags"):
        storage = "sqlite3" if request.param == "sqlite3" else "mcap"
        path = storage_file(messages.write(tmp_path / "whole", storage, entries))
    else:
        compression = request.param if request.param in ("zstd", "lz4") else "none"
        options = {"use_chunking": request.param != "unchunked", "chunk_size": 3000}
        path = write_mcap(tmp_path / "whole.mcap", messages, entries, compression, **options)
    return path, expected(messages, entries)


@pytest.mark.parametrize("share", [*np.linspace(0.02, 0.98, 17), "footer", "one byte"])
def test_truncated_files_are_read_as_far_as_they_go(whole_file, tmp_path, share):
    path, whole = whole_file
    data = path.read_bytes()
    size = {"footer": len(data) - 40, "one byte": len(data) - 1}.get(share) or int(share * len(data))
    cut = tmp_path / f"cut{path.suffix}"
    cut.write_bytes(data[:size])
    try:
        bag = Bag(cut)
    except InputError as error:
        assert size < 0.3 * len(data)
        assert str(error).startswith(f"{cut}: not a readable rosbag2 bag (cut.")
        return
    with bag:
        damage = bag.damage
        passes = [[tuple(m) for m in bag.messages(bag.topics)] for _ in range(2)]
        counts = [bag.topics[name].count for name in bag.topics]
        got = passes[0]
        seconds = (got[-1][1] - got[0][1]) / 1e9
        assert got == passes[1] == whole[: len(got)]
        assert sum(counts) == len(got)
        assert bag.damage == damage
        assert damage.startswith(f"{cut.name}: cut off after {seconds:.2f} s (message {len(got)}): ")
        assert len(got) >= (size / len(data) - 0.35) * len(whole)


@pytest.mark.parametrize("seed", range(12))
def test_corrupt_bytes_never_raise_anything_else(whole_file, tmp_path, seed):
    path, whole = whole_file
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    start = int(random.integers(0, len(data)))
    data[start : start + 8] = random.bytes(len(data[start : start + 8]))
    corrupt = tmp_path / f"corrupt{path.suffix}"
    corrupt.write_bytes(data)
    try:
        bag = Bag(corrupt)
    except InputError:
        assert start < 0.3 * len(data)
        return
    with bag:
        passes = [[tuple(m) for m in bag.messages(bag.topics)] for _ in range(2)]
        assert passes[0] == passes[1]
        if bag.damage is None:
            assert len(passes[0]) == len(whole)


@pytest.mark.parametrize("length", [2**63 - 1, 2**40, 2**31])
@pytest.mark.parametrize("opcode", [0x05, 0x06])
def test_announced_sizes_are_not_believed(tmp_path, messages, opcode, length):
    entries = messages.recording(3)
    path = write_mcap(tmp_path / "a.mcap", messages, entries, use_chunking=False)
    data = bytearray(path.read_bytes())
    places = [
        i
        for i in range(len(data))
        if data[i : i + 9] == b"\x05" + struct.pack("<Q", len(expected(messages, entries)[1][2]) + 22)
    ]
    data[places[1] : places[1] + 9] = struct.pack("<BQ", opcode, length)
    path.write_bytes(data[:-1])
    tracemalloc.start()
    with Bag(path) as bag:
        assert len(list(bag.messages(bag.topics))) == 4
        assert "cut off after 0.10 s (message 4): " in bag.damage
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_a_chunk_that_claims_too_much_is_damage(tmp_path, messages, compression):
    path = write_mcap(tmp_path / "a.mcap", messages, messages.recording(10), compression, chunk_size=1500)
    data = bytearray(path.read_bytes())
    chunks = [m.start() - 32 for m in re.finditer(compression.encode(), bytes(data))]
    size = struct.unpack_from("<Q", data, chunks[2] + 16)[0]
    struct.pack_into("<Q", data, chunks[2] + 16, 2**40)
    path.write_bytes(data)
    assert size < 4000
    with Bag(path) as bag:
        before = len(list(bag.messages(bag.topics)))
        assert 4 <= before < 31
        assert "claims 1,099,511,627,776 bytes" in bag.damage


def test_reserved_space_that_was_never_written(tmp_path, messages):
    entries = messages.recording(10)
    path = write_mcap(tmp_path / "a.mcap", messages, entries, chunk_size=1500)
    path.write_bytes(path.read_bytes()[:4000] + bytes(10**7))
    with Bag(path) as bag:
        got = [tuple(m) for m in bag.messages(bag.topics)]
        assert got == expected(messages, entries)[: len(got)]
        assert got


def test_rows_that_still_lie_in_the_log_of_the_database(tmp_path, messages):
    entries = messages.recording(4)
    folder = messages.write(tmp_path / "bag", "sqlite3", entries)
    file = storage_file(folder)
    late = bytes(messages.store.serialize_cdr(messages.text("Late."), "std_msgs/msg/String"))
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)", (START + 10**9, late))
        database.commit()
        shutil.copytree(folder, tmp_path / "crashed")
    crashed = tmp_path / "crashed"
    before = {path.name: path.read_bytes() for path in crashed.iterdir()}
    assert len(before[f"{file.name}-wal"]) > 0
    assert contents(crashed) == [*expected(messages, entries), (TEXT, START + 10**9, late)]
    assert {path.name: path.read_bytes() for path in crashed.iterdir()} == before


def test_a_bag_in_a_folder_that_cannot_be_written(tmp_path, messages):
    entries = messages.recording(1)
    folder = messages.write(tmp_path / "bag", "sqlite3", entries)
    with closing(sqlite3.connect(storage_file(folder))) as database:
        database.execute("PRAGMA journal_mode = WAL")
    folder.chmod(0o555)
    try:
        assert contents(folder) == expected(messages, entries)
        assert {path.suffix for path in folder.iterdir()} == {".db3", ".yaml"}
    finally:
        folder.chmod(0o755)


def test_views_in_place_of_tables_are_rejected(tmp_path):
    file = tmp_path / "a.db3"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE topics (id INTEGER, name TEXT, type TEXT, serialization_format TEXT)")
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, 1 AS topic_id FROM n"
        database.execute(f"CREATE VIEW messages AS {endless}")
        database.commit()
    with pytest.raises(InputError, match="no tables of topics and messages"):
        Bag(file)


def write_foreign(path):
    """An mcap file with channels that hold no ROS 2 messages, and one that does under the type's old name."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        for topic, kind, form, encoding in (
            ("/protobuf", "foxglove.CompressedImage", "protobuf", "protobuf"),
            ("/json", "foxglove.RawImage", "jsonschema", "json"),
            ("/ros1", "sensor_msgs/Image", "ros1msg", "ros1"),
            ("/text", "std_msgs/String", "ros2msg", "cdr"),
            ("/text", "sensor_msgs/msg/Image", "ros2msg", "cdr"),
            ("/none", "", "", "cdr"),
        ):
            schema = writer.register_schema(kind, form, b"") if kind else 0
            channel = writer.register_channel(topic, encoding, schema)
            writer.add_message(channel, START, b"\x00\x01\x00\x00\x08\x00\x00\x00A desk.\x00", START)
        writer.finish()
    return path


def test_messages_in_other_encodings_are_named(tmp_path):
    with Bag(write_foreign(tmp_path / "a.mcap")) as bag:
        assert bag.topics == {"/text": Topic("std_msgs/msg/String", 1)}
        assert bag.first("/text").data == "A desk."
        assert bag.damage is None
        assert bag.unread == {
            "/protobuf": "foxglove.CompressedImage in protobuf",
            "/json": "foxglove.RawImage in json",
            "/ros1": "sensor_msgs/msg/Image in ros1",
            "/text": "sensor_msgs/msg/Image beside std_msgs/msg/String",
            "/none": "cdr without a schema",
        }
        said = bag.describe_topics()
    assert said.startswith("/text (std_msgs/msg/String, 1); not read are /json (foxglove.RawImage in json), ")
    assert "rosbags-convert" in said


def test_rows_in_other_encodings_are_named(tmp_path, messages):
    folder = messages.write(tmp_path / "a", "sqlite3", [("/text", START, messages.text("A desk."))])
    with closing(sqlite3.connect(storage_file(folder))) as database:
        database.execute("INSERT INTO topics VALUES (7, '/old', 'std_msgs/String', 'ros1', '', '')")
        database.execute("INSERT INTO messages (topic_id, timestamp, data) VALUES (7, ?, ?)", (START, b"abc"))
        database.commit()
    with Bag(folder) as bag:
        assert bag.topics == {"/text": Topic("std_msgs/msg/String", 1)}
        assert bag.unread == {"/old": "std_msgs/String in ros1"}


def test_the_list_of_topics_tells_encodings(tmp_path, messages):
    pixels = np.zeros((2, 2, 3), np.uint8)
    entries = [
        ("/a", START, messages.image(START, "bgr8", pixels)),
        ("/b", START, messages.compressed(START, "ffv1", b"abc")),
        ("/c", START, messages.image(START, "", pixels)),
        ("/d", START, ("sensor_msgs/msg/Image", b"\x00\x01")),
        ("/e\x1b[2J\n", START, messages.text("A desk.")),
    ]
    with Bag(messages.write(tmp_path / "bag", "mcap", entries)) as bag:
        said = bag.describe_topics()
    kind = "sensor_msgs/msg/Image, 1"
    assert said.startswith(
        f"/a ({kind}) in bgr8, /b (sensor_msgs/msg/CompressedImage, 1) in ffv1, /c ({kind}) in no encoding, "
    )
    assert said.endswith(f"/d ({kind}) in nothing readable, /e\\x1b[2J\\n (std_msgs/msg/String, 1)")


@pytest.mark.parametrize(("storage", "suffix"), [("sqlite3", "DB3"), ("mcap", "MCAP")])
def test_names_as_other_systems_leave_them(tmp_path, messages, storage, suffix):
    folder, whole = split(tmp_path, messages, storage, [f"bag_0.{suffix}", f"bag_1.{suffix}"])
    (folder / f"._bag_0.{suffix}").write_bytes(b"\x00\x05\x16\x07")
    (folder / ".DS_Store").write_bytes(b"Bud1")
    assert contents(folder / f"bag_0.{suffix}") == whole[:6]
    metadata = folder / "metadata.yaml"
    text = metadata.read_text().replace("bag_0", "recording\\bag_0").replace("\n", "\r\n")
    for data in (b"\xef\xbb\xbf" + text.encode(), text.encode() + b"# caf\xe9\r\n", None):
        metadata.unlink(missing_ok=True)
        if data:
            metadata.write_bytes(data)
        with Bag(folder) as bag:
            assert [tuple(m) for m in bag.messages(bag.topics)] == whole
            assert bag.damage is None


def test_missing_and_foreign_paths(tmp_path):
    with pytest.raises(InputError, match="no such bag"):
        Bag(tmp_path / "nowhere")
    with pytest.raises(InputError, match="not a rosbag2 folder"):
        Bag(tmp_path)
    for name, words in (("notes.txt", "not a readable rosbag2 file"), ("old.bag", "rosbags-convert")):
        (tmp_path / name).write_text("hello")
        with pytest.raises(InputError, match=words):
            Bag(tmp_path / name)


@pytest.mark.parametrize("name", ["a.db3", "a.mcap", "a.db3.zstd", "a.mcap.zstd"])
@pytest.mark.parametrize("content", [b"", b"hello", bytes(5000)])
def test_files_that_are_no_bag(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(InputError, match=r"not a readable rosbag2 bag \(a\."):
            Bag(path)


def test_a_cut_compressed_file_is_read_as_far_as_it_goes(tmp_path, messages):
    entries = messages.recording(400)
    folder = messages.write(tmp_path / "bag", "mcap", entries, "file")
    file = storage_file(folder)
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 3 // 4])
    with Bag(folder) as bag:
        got = [tuple(m) for m in bag.messages(bag.topics)]
        assert 100 < len(got) < len(entries)
        assert got == expected(messages, entries)[: len(got)]
        assert bag.damage.startswith("bag.mcap: cut off after ")


def test_damage_of_one_file_spares_the_next(tmp_path, messages):
    folder, whole = split(tmp_path, messages, "mcap", ["bag_0.mcap", "bag_1.mcap"])
    (folder / "bag_0.mcap").write_bytes(b"")
    with Bag(folder) as bag:
        assert [tuple(m) for m in bag.messages(bag.topics)] == whole[6:]
        assert bag.damage == "bag_0.mcap: it does not begin as an mcap file"


def test_damaged_messages_are_frame_errors(tmp_path, messages):
    kind = TYPES[IMAGE]
    good = messages.image(START, "mono8", np.zeros((2, 2), np.uint8))
    broken = (kind, b"\x28\xb5\x2f\xfd broken zstd")
    folder = messages.write(tmp_path / "bag", "mcap", [(IMAGE, START, good), (IMAGE, START + 1, broken)])
    with Bag(folder) as bag:
        first, second = bag.messages([IMAGE])
        assert bag.decode(first.data, kind).encoding == "mono8"
        for data in (second.data, b"\x00\x01\x00\x00\x01\x02", first.data[:-1]):
            with pytest.raises(FrameError, match="not a readable"):
                bag.decode(data, kind)


def test_definitions_in_the_bag_do_not_matter(tmp_path, messages):
    entries = [(TEXT, START, messages.text("A desk."))]
    path = write_mcap(tmp_path / "a.mcap", messages, entries, enable_crcs=False)
    path.write_bytes(path.read_bytes().replace(b"ros2msg", b"invalid"))
    with Bag(path) as bag:
        assert bag.first(TEXT).data == "A desk."


def test_real_bags(kit):
    for name in ("d435_desk_sqlite3", "d435_desk_mcap"):
        with Bag(kit / "bags" / name) as bag:
            assert sum(1 for _ in bag.messages(bag.topics)) == 61
            assert bag.damage is None


QOS = "- {history: keep_last, depth: 5, reliability: best_effort, durability: volatile}"


@pytest.mark.parametrize("cut", [0, 200])
def test_the_offered_quality_of_service_is_kept(tmp_path, messages, cut):
    """Also where the channels are learnt from the file, as its index is gone."""
    path = write_mcap(tmp_path / "a.mcap", messages, messages.recording(), qos={IMAGE: QOS}, use_chunking=False)
    path.write_bytes(path.read_bytes()[: -cut or None])
    with Bag(path) as bag:
        assert bag.offered_qos == {IMAGE: QOS}


def test_the_offered_quality_of_service_of_old_and_new_sqlite3_bags(tmp_path, messages):
    folder = messages.write(tmp_path / "a", "sqlite3", messages.recording())
    with Bag(folder) as bag:
        assert "durability: 1" in bag.offered_qos[TEXT] and not bag.offered_qos[IMAGE]
    with closing(sqlite3.connect(storage_file(folder))) as database:
        database.execute("ALTER TABLE topics DROP COLUMN offered_qos_profiles")  # as Dashing wrote them
    with Bag(folder) as bag:
        assert bag.offered_qos == {} and bag.topics[IMAGE].count == 4
