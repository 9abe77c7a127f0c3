"""The records of an .mcap file. Format: https://mcap.dev/spec.

Nothing is allocated because a length field says so: the file must hold the bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import lz4.frame
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.records import Channel, Footer, Schema

from tr2m_core.bags.storage import MAX_RECORD, STEP, Damage, Message, inflate_zstd, one_line, ros2_type

MAGIC = b"\x89MCAP0\r\n"
RECORD_HEAD = struct.Struct("<BQ")
FOOTER_HEAD = RECORD_HEAD.pack(Opcode.FOOTER, 20)
FOOTER_SIZE = len(FOOTER_HEAD) + 20 + len(MAGIC)
CHUNK_HEAD = struct.Struct("<QQQI")
MESSAGE_HEAD = struct.Struct("<HIQQ")
OFFERED_QOS = "offered_qos_profiles"
READ = {Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE, Opcode.CHUNK, Opcode.CHUNK_INDEX, Opcode.STATISTICS}
LAST = {Opcode.DATA_END, Opcode.FOOTER}


class CutRecord(Damage):
    """A record is longer than what is left; data are the bytes there are."""

    def __init__(self, opcode: int, data: bytes) -> None:
        super().__init__("it ends within a record")
        self.opcode = opcode
        self.data = data


class Block(NamedTuple):
    """The messages of one chunk in order of recording; none of this and the following blocks is earlier than start."""

    start: int
    messages: list[Message]


class Channels:
    """The topics of a file as its schemas and channels come along.

    types: message type by topic name, unread and offered_qos: see `Storage`; shared by those who read the same file.
    complete: set where the index has told them all; what chunks repeat, damaged maybe, is then passed over.
    """

    def __init__(self, types: dict[str, str], unread: dict[str, str], offered_qos: dict[str, str]) -> None:
        self.types, self.unread, self.offered_qos = types, unread, offered_qos
        self.topics: dict[int, str | None] = {}  # by channel; None where the messages are not ROS 2's
        self.complete = False
        self._schemas: dict[int, str] = {}

    def learn(self, opcode: int, data: bytes) -> None:
        """Takes in a schema or a channel, passes over other records. Damaged ones raise anything."""
        if opcode == Opcode.SCHEMA:
            schema = Schema.read(stream_of(data))
            self._schemas[schema.id] = ros2_type(schema.name)
        elif opcode == Opcode.CHANNEL:
            channel = Channel.read(stream_of(data))
            kind = self._schemas.get(channel.schema_id)
            if channel.message_encoding.lower() != "cdr":
                self.topics[channel.id] = None
                self.unread[channel.topic] = f"{kind or 'no schema'} in {channel.message_encoding or 'no encoding'}"
            elif kind is not None:
                ours = self.types.setdefault(channel.topic, kind) == kind
                self.topics[channel.id] = channel.topic if ours else None
                if qos := channel.metadata.get(OFFERED_QOS):
                    self.offered_qos.setdefault(channel.topic, qos)
                if not ours:
                    self.unread[channel.topic] = f"{kind} beside {self.types[channel.topic]}"
            else:
                self.unread[channel.topic] = "cdr without a schema"

    def parse(self, opcode: int, data: bytes) -> list[Message]:
        """The message of a record, empty for other records, which are taken in. Raises Damage."""
        try:
            if opcode != Opcode.MESSAGE:
                if not self.complete:
                    self.learn(opcode, data)
                return []
            channel, _, recorded, _ = MESSAGE_HEAD.unpack_from(data)
        except Exception as error:
            raise Damage(f"a damaged record ({one_line(error)})") from None
        topic = self.topics.get(channel)
        return [] if topic is None else [Message(topic, recorded, data[MESSAGE_HEAD.size :])]

    def parse_chunk(self, data: bytes) -> Iterator[Block]:
        """The messages of a chunk record. Raises Damage behind the last that can be read."""
        try:
            start, _, size, checksum = CHUNK_HEAD.unpack_from(data)
            stream = stream_of(data[CHUNK_HEAD.size :])
            compression, stored = stream.read_prefixed_string(), stream.read8()
        except Exception as error:
            raise Damage(f"a damaged chunk ({one_line(error)})") from None
        content = data[CHUNK_HEAD.size + stream.count :][:stored]
        raw, problem = _inflated(content, compression, size)
        if problem is None and checksum and zlib.crc32(raw) != checksum:
            raise Damage("the checksum of a chunk is wrong")
        messages: list[Message] = []
        try:
            for opcode, record in iter_records(io.BytesIO(raw)):
                messages += self.parse(opcode, record)
        except Damage as error:
            problem = problem or error
        yield Block(start, sorted(messages, key=lambda message: message.recorded))
        if problem is not None:
            raise problem


def stream_of(data: bytes) -> ReadDataStream:
    return ReadDataStream(io.BytesIO(data))


def read_summary(file: BinaryIO) -> bytes:
    """The records between the data and the footer, which repeat the channels and list the chunks. Raises Damage."""
    end = file.seek(0, io.SEEK_END) - FOOTER_SIZE
    file.seek(max(0, end))
    tail = file.read(FOOTER_SIZE)
    if not tail.startswith(FOOTER_HEAD) or not tail.endswith(MAGIC):
        raise Damage("it ends without a footer")
    footer = Footer.read(stream_of(tail[len(FOOTER_HEAD) :]))
    if not footer.summary_start:
        return b""
    if not len(MAGIC) <= footer.summary_start <= end or end - footer.summary_start > MAX_RECORD:
        raise Damage("its footer points to no index")
    file.seek(footer.summary_start)
    summary = file.read(end - footer.summary_start)
    if footer.summary_crc and zlib.crc32(summary + tail[: len(FOOTER_HEAD) + 16]) != footer.summary_crc:
        raise Damage("the checksum of its index is wrong")
    return summary


def iter_records(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Opcode and content of the records that we use, up to the end of the data. Raises Damage for one that is not all
    there or too long.
    """
    here = stream.tell()
    end = stream.seek(0, io.SEEK_END)
    while here < end:
        stream.seek(here)
        head = stream.read(RECORD_HEAD.size)
        if len(head) < RECORD_HEAD.size:
            raise CutRecord(0, b"")
        opcode, length = RECORD_HEAD.unpack(head)
        here += RECORD_HEAD.size + length
        if opcode in LAST:
            return
        if opcode == 0:  # disk space that was reserved and never written
            raise Damage("zeros where a record should be")
        if opcode in READ and length > MAX_RECORD:
            raise Damage(f"a record that claims {length:,} bytes")
        if here > end:
            raise CutRecord(opcode, stream.read() if opcode in READ else b"")
        if opcode in READ:
            yield opcode, stream.read(length)


def _inflated(data: bytes, compression: str, size: int) -> tuple[bytes, Damage | None]:
    """What can be decompressed of a chunk's content, and why it is not all of the size."""
    if size > MAX_RECORD:
        return b"", Damage(f"a chunk that claims {size:,} bytes")
    pieces = {"": _plain, "zstd": inflate_zstd, "lz4": _inflate_lz4}.get(compression)
    if pieces is None:
        return b"", Damage(f"a chunk compressed by '{compression[:20]}', which is not known")
    raw = bytearray()
    try:
        for piece in pieces(data):
            raw += piece
            if len(raw) > size:
                return b"", Damage("a chunk longer than it claims")
    except (zstandard.ZstdError, RuntimeError, EOFError) as error:
        return bytes(raw), Damage(f"a damaged chunk ({one_line(error)})")
    return bytes(raw), None if len(raw) == size else Damage("it ends within a chunk")


def _plain(data: bytes) -> Iterator[bytes]:
    yield data


def _inflate_lz4(data: bytes) -> Iterator[bytes]:
    """The content of an lz4 frame in pieces of bounded size. Raises RuntimeError for damaged data."""
    decompressor = lz4.frame.LZ4FrameDecompressor()
    piece = decompressor.decompress(data, STEP)
    while piece:
        yield piece
        piece = b"" if decompressor.eof else decompressor.decompress(b"", STEP)
