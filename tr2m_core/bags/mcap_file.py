"""Reads one .mcap file, by its index where that is whole and record by record where it is not."""

from __future__ import annotations

import heapq
import io
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from mcap.opcode import Opcode
from mcap.records import ChunkIndex, Statistics

from tr2m_core.bags.mcap_records import (
    MAGIC,
    Block,
    Channels,
    CutRecord,
    iter_records,
    read_summary,
    stream_of,
)
from tr2m_core.bags.storage import Damage, Message


class McapFile:
    """One .mcap file. Implements `Storage`. Raises Damage when it is no mcap file at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise Damage("it does not begin as an mcap file")
            try:
                self._index, self._damaged = Index.read(file), False
            except Exception:  # damaged data make the record parsers raise anything
                self._index, self._damaged = None, True
        self.types = {} if self._index is None else self._index.channels.types
        self.unread = {} if self._index is None else self._index.channels.unread
        self.offered_qos = {} if self._index is None else self._index.channels.offered_qos
        self.counts = None if self._index is None else self._index.counts

    def messages(self, topics: Collection[str] | None) -> Iterator[Message]:
        """The messages of the topics, or all, in order of recording. Raises Damage where no more can be read."""
        with self._path.open("rb") as file:
            blocks = self._scanned_blocks(file) if self._index is None else self._index.blocks(file, topics)
            yield from (message for message in _merged(blocks) if topics is None or message.topic in topics)

    def close(self) -> None:
        """Nothing is held between passes."""

    def _scanned_blocks(self, file: BinaryIO) -> Iterator[Block]:
        """Chunks and single messages in the order of the file, with what is left of a chunk that is cut off."""
        channels = Channels(self.types, self.unread, self.offered_qos)
        file.seek(len(MAGIC))
        try:
            for opcode, data in iter_records(file):
                if opcode == Opcode.CHUNK:
                    yield from channels.parse_chunk(data)
                else:
                    yield from (Block(message.recorded, [message]) for message in channels.parse(opcode, data))
        except CutRecord as cut:
            if cut.opcode == Opcode.CHUNK:
                yield from channels.parse_chunk(cut.data)
            raise
        if self._damaged:
            raise Damage("the index at its end is missing or damaged")


class Index:
    """What the summary of a whole file tells: its channels, its chunks and how many messages each topic has."""

    def __init__(self, channels: Channels, chunks: list[ChunkIndex], counts: Counter[str]) -> None:
        self.channels = channels
        self.counts = counts
        self._chunks = sorted(chunks, key=lambda chunk: (chunk.message_start_time, chunk.chunk_start_offset))

    @classmethod
    def read(cls, file: BinaryIO) -> Index | None:
        """The index of a file, None where it has none that tells all.

        Raises Damage and whatever else the record parsers raise when it is damaged.
        """
        channels, chunks, statistics = Channels({}, {}, {}), [], None
        for opcode, data in iter_records(io.BytesIO(read_summary(file))):
            channels.learn(opcode, data)
            if opcode == Opcode.CHUNK_INDEX:
                chunks.append(ChunkIndex.read(stream_of(data)))
            elif opcode == Opcode.STATISTICS:
                statistics = Statistics.read(stream_of(data))
        size = file.seek(0, io.SEEK_END)
        if any(chunk.chunk_start_offset >= size for chunk in chunks):
            raise Damage("its index points behind its end")
        if statistics is None or not chunks or statistics.channel_message_counts.keys() - channels.topics.keys():
            return None
        counts: Counter[str] = Counter()
        for channel, count in statistics.channel_message_counts.items():
            if (topic := channels.topics[channel]) is not None:
                counts[topic] += count
        channels.complete = True
        return cls(channels, chunks, counts)

    def blocks(self, file: BinaryIO, topics: Collection[str] | None) -> Iterator[Block]:
        """The chunks that hold messages of the topics, the earliest first."""
        wanted = {channel for channel, topic in self.channels.topics.items() if topics is None or topic in topics}
        for chunk in self._chunks:
            # Without message offsets the index does not say what a chunk holds.
            if chunk.message_index_offsets and not wanted & chunk.message_index_offsets.keys():
                continue
            file.seek(chunk.chunk_start_offset)
            opcode, data = next(iter_records(file), (None, b""))
            if opcode != Opcode.CHUNK:
                raise Damage("its index points to no chunk")
            yield from self.channels.parse_chunk(data)


def _merged(blocks: Iterator[Block]) -> Iterator[Message]:
    """All messages in order of recording; of the blocks only those that overlap in time are held at once."""
    waiting: list[tuple[int, int, Message]] = []
    damage = None
    taken = 0
    try:
        for block in blocks:
            while waiting and waiting[0][0] <= block.start:
                yield heapq.heappop(waiting)[2]
            for message in block.messages:
                heapq.heappush(waiting, (message.recorded, taken, message))
                taken += 1
    except Damage as error:
        damage = error
    while waiting:
        yield heapq.heappop(waiting)[2]
    if damage is not None:
        raise damage
