"""Processes that are killed, hang, lose their device or start again and again."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from ros_tools import Camera
from sensor_msgs.msg import Image

SHARED_MEMORY = Path("/dev/shm")
OPTIONS = {"default_description": "A room.", "diagnostics_period": "0.2"}
CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE
DEACTIVATE, CLEANUP = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP
OUT_OF_MEMORY, LOST = (
    "RuntimeError: CUDA out of memory. Tried to allocate 2 GiB",
    "RuntimeError: CUDA error: device lost",
)


@pytest.fixture
def run_node(graph: Any, start_faulty: Callable[..., Any]) -> Callable[..., Any]:
    """run_node("/namespace", parameter=value...) -> Process, once it is active."""

    def run(namespace: str, **parameters: str) -> Any:
        process = start_faulty(namespace, **{**OPTIONS, **parameters})
        graph.wait(lambda: graph.statuses.get(namespace, {}).get("state") == "active", "the node", process)
        return process

    return run


class Manager:
    """Leads a node through its life cycle."""

    def __init__(self, graph: Any, namespace: str) -> None:
        self.graph, self.base = graph, f"{namespace}/tr2m_depth"

    def change(self, *transitions: int) -> None:
        for transition in transitions:
            request = ChangeState.Request(transition=Transition(id=transition))
            assert self.graph.call(ChangeState, f"{self.base}/change_state", request).success, transition

    def state(self) -> str:
        return self.graph.call(GetState, f"{self.base}/get_state", GetState.Request()).current_state.label


def test_a_player_that_is_killed_and_started_again(
    graph: Any, start: Callable[..., Any], run_node: Callable[..., Any], messages: Any, tmp_path: Path
) -> None:
    frames = [messages.image(i * 50_000_000, "rgb8", np.full((24, 32, 3), 10 * i, np.uint8)) for i in range(20)]
    bag = messages.write(
        tmp_path / "bag", "mcap", [("/camera/image_raw", i * 50_000_000, f) for i, f in enumerate(frames)]
    )
    node = run_node("/killed")
    arguments = [str(bag), "--loop", "0", "--restamp", "--remap", "/camera/image_raw:=/killed/image"]
    with graph.listen(Image, "/killed/metric_depth") as depths:
        for _ in range(2):
            before = len(depths)
            player = start("tr2m_ros.bag_player", *arguments)
            graph.wait(lambda before=before: len(depths) > before + 10, "depth", node)
            assert player.stop(signal.SIGKILL) == -signal.SIGKILL
    assert "inference failed" not in node.output()
    assert node.stop() == 0, node.output()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_slow_inference_runs(graph: Any, run_node: Callable[..., Any], number: signal.Signals) -> None:
    namespace = f"/slow_{number.name.lower()}"
    node = run_node(namespace)
    node.order(seconds=3.0)
    camera = Camera(graph, f"{namespace}/image")
    with graph.listen(Image, f"{namespace}/metric_depth"):
        batches = node.output().count("batch of")
        camera.until(lambda: node.output().count("batch of") > batches, "an inference")
        start, own = time.monotonic(), locked_segments(node)
        assert node.stop(number) == 0, node.output()
    assert time.monotonic() - start < 8
    assert "Traceback" not in node.output()
    assert "did not end" not in node.output()
    assert not left_over(own)
    camera.close()


def test_an_inference_that_hangs_is_reported_and_the_node_still_ends(graph: Any, run_node: Callable[..., Any]) -> None:
    node = run_node("/hanging")
    node.order(hang=True)
    camera = Camera(graph, "/hanging/image")
    with graph.listen(Image, "/hanging/metric_depth"):
        camera.until(lambda: "the frame in progress has taken" in graph.statuses["/hanging"]["message"], "word of it")
        assert graph.statuses["/hanging"]["level"] == 2
        start = time.monotonic()
        assert node.stop(signal.SIGTERM) == 0, node.output()
    assert time.monotonic() - start < 15
    assert "Traceback" not in node.output()
    camera.close()


@pytest.mark.parametrize(("error", "words"), [(OUT_OF_MEMORY, "out of memory"), (LOST, "the device failed")])
def test_a_node_of_its_own_ends_when_its_device_fails(
    graph: Any, run_node: Callable[..., Any], error: str, words: str
) -> None:
    namespace = f"/alone_{words.split()[-1]}"
    node = run_node(namespace)
    node.order(raises=error)
    camera = Camera(graph, f"{namespace}/image")
    with graph.listen(Image, f"{namespace}/metric_depth") as depths:
        graph.wait(lambda: node.popen.poll() is not None, "the end", each=camera.shoot)
        assert not depths
    assert node.wait() == 1
    lines = [line for line in node.output().splitlines() if "ERROR" in line]
    assert len(lines) == 1, node.output()
    assert f"stopped: {words}: {error.partition(': ')[2]}; configure again" in lines[0]
    assert "Traceback" not in node.output()
    camera.close()


@pytest.fixture
def managed(graph: Any, start_faulty: Callable[..., Any]) -> Iterator[tuple[Any, Manager]]:
    """An unconfigured node under a manager."""
    graph.statuses.pop("/managed_faults", None)
    process = start_faulty("/managed_faults", **OPTIONS, autostart="false")
    graph.wait(lambda: graph.statuses.get("/managed_faults"), "the node", process)
    yield process, Manager(graph, "/managed_faults")
    assert process.stop() == 0, process.output()
    assert "Traceback" not in process.output()
    state = "/managed_faults/tr2m_depth/get_state"
    graph.wait(lambda: state not in services(graph), "the node to go")


def services(graph: Any) -> list[str]:
    return [name for name, _ in graph.node.get_service_names_and_types()]


def test_a_managed_node_waits_until_its_device_is_back(managed: tuple[Any, Manager], graph: Any) -> None:
    node, manager = managed
    manager.change(CONFIGURE, ACTIVATE)
    camera = Camera(graph, "/managed_faults/image")
    with graph.listen(Image, "/managed_faults/metric_depth") as depths:
        camera.until(lambda: depths, "depth")
        for error in (LOST, OUT_OF_MEMORY):
            node.order(raises=error)
            camera.until(lambda: "stopped: " in graph.statuses["/managed_faults"]["message"], "the end")
            assert manager.state() == "unconfigured"
            graph.pass_time(6.0)  # longer than any other problem stays
            status = graph.fresh_status("/managed_faults")
            assert (status["state"], status["level"]) == ("unconfigured", 2)
            assert "stopped: " in status["message"]
            assert error.partition(": ")[2] in status["message"]
            node.order()
            manager.change(CONFIGURE)
            assert "stopped" not in graph.fresh_status("/managed_faults")["message"]
            manager.change(ACTIVATE)
            before = len(depths)
            camera.until(lambda before=before: len(depths) > before + 2, "depth again")
    camera.close()


def test_a_managed_node_that_hangs_goes_through_error_processing(managed: tuple[Any, Manager], graph: Any) -> None:
    node, manager = managed
    manager.change(CONFIGURE, ACTIVATE)
    node.order(hang=True)
    camera = Camera(graph, "/managed_faults/image")
    with graph.listen(Image, "/managed_faults/metric_depth"):
        batches = node.output().count("batch of")
        camera.until(lambda: node.output().count("batch of") > batches, "an inference")
        request = ChangeState.Request(transition=Transition(id=DEACTIVATE))
        assert not graph.call(ChangeState, f"{manager.base}/change_state", request).success
    assert manager.state() == "unconfigured"
    status = graph.fresh_status("/managed_faults")
    assert status["level"] == 2
    assert "stopped: the frame in progress does not end; configure again" in status["message"]
    node.order()
    manager.change(CONFIGURE, ACTIVATE)
    with graph.listen(Image, "/managed_faults/metric_depth") as depths:
        camera.until(lambda: depths, "depth again")
    camera.close()


def test_twenty_life_cycles_leave_nothing_behind(managed: tuple[Any, Manager], graph: Any) -> None:
    node, manager = managed
    camera = Camera(graph, "/managed_faults/image", connected=False)
    depths: list[Any] = []
    subscription = graph.node.create_subscription(Image, "/managed_faults/metric_depth", depths.append, 10)
    footprints = []
    for cycle in range(20):
        manager.change(CONFIGURE, ACTIVATE)
        done = len(depths)
        camera.until(lambda done=done: len(depths) > done, f"depth in cycle {cycle}")
        assert graph.node.count_publishers("/managed_faults/metric_depth") == 1
        manager.change(DEACTIVATE, CLEANUP)
        graph.wait(lambda: not graph.node.count_publishers("/managed_faults/metric_depth"), "the publisher to go")
        graph.wait(lambda: not graph.node.count_subscribers("/managed_faults/image"), "the subscription to go")
        footprints.append(footprint(node))
    graph.node.destroy_subscription(subscription)
    camera.close()
    threads, sizes = zip(*footprints, strict=True)
    assert threads[-1] <= threads[4]
    assert sizes[-1] <= 1.03 * sizes[4]


def footprint(process: Any) -> tuple[int, int]:
    """Threads and resident bytes."""
    folder = Path(f"/proc/{process.popen.pid}")
    pages = int((folder / "statm").read_text().split()[1])
    return len(list((folder / "task").iterdir())), pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_twenty_processes_leave_no_shared_memory(graph: Any, start_node: Callable[..., Any]) -> None:
    for number in range(10):
        pair = [f"/again_{number}_{letter}" for letter in "ab"]
        processes = [start_node(each, autostart="false", diagnostics_period="0.1") for each in pair]
        for namespace, process in zip(pair, processes, strict=True):
            graph.wait(lambda namespace=namespace: graph.statuses.get(namespace), "the node", process)
        own = [locked_segments(process) for process in processes]
        for process, segments in zip(processes, own, strict=True):
            assert process.stop() == 0, process.output()
            assert "Traceback" not in process.output()
            assert not left_over(segments), f"start {number}"


def locked_segments(process: Any) -> set[str]:
    """Segments of shared memory that the process made: Fast DDS keeps a lock file of each open."""
    files = [Path(os.readlink(link)).name for link in Path(f"/proc/{process.popen.pid}/fd").iterdir()]
    found = (re.fullmatch(r"(fast(?:dds|rtps)_[0-9a-f]{16})_el", name) for name in files)
    segments = {match[1] for match in found if match}
    assert segments or "fastrtps" not in rclpy.get_rmw_implementation_identifier()
    return segments


def left_over(segments: set[str]) -> list[str]:
    return [name for name in segments if any(SHARED_MEMORY.glob(f"{name}*"))]
