"""The describing node: what it says and when, and that humans come first."""

from __future__ import annotations

import array
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from ros_tools import HEIGHT, LATCHED, WIDTH
from sensor_msgs.msg import Image
from std_msgs.msg import String

HOLD = 2.0  # s
LEFT, RIGHT = ("\n".join(f"Bright on the {side}, wording {n}." for n in range(3)) for side in ("left", "right"))


def half_bright(left: bool) -> Image:
    message = Image(width=WIDTH, height=HEIGHT, encoding="mono8", step=WIDTH)
    half = WIDTH // 2
    row = bytes([200] * half + [20] * half if left else [20] * half + [200] * half)
    message.data = array.array("B", row * HEIGHT)
    return message


class Describer:
    """The node in a namespace, who listens to it, its camera, and a human beside it."""

    def __init__(self, graph: Any, process: Any, namespace: str, camera: str = "") -> None:
        self.graph, self.process, self.namespace = graph, process, namespace
        prefix = f"{namespace}/{camera}/" if camera else f"{namespace}/"
        self.key = f"{namespace}:{camera}" if camera else namespace
        self.said: list[str] = []
        take = lambda message: self.said.append(message.data)  # noqa: E731
        graph.node.create_subscription(String, f"{prefix}scene_description", take, LATCHED)
        self.camera = graph.publisher(Image, f"{prefix}image")
        self.human = graph.publisher(String, f"{namespace}/scene_description")

    def shoot_until(self, condition: Callable[[], Any], what: str, left: bool) -> Any:
        shoot = lambda: self.camera.publish(half_bright(left))  # noqa: E731
        return self.graph.wait(condition, what, self.process, each=shoot, period=0.05)

    def shoot(self, left: bool, seconds: float = 0.5) -> None:
        self.graph.pass_time(seconds, each=lambda: self.camera.publish(half_bright(left)), period=0.05)

    def status(self) -> dict[str, str]:
        return self.graph.fresh_status(self.namespace)


@pytest.fixture(scope="module")
def begin(graph: Any, start_describer: Callable[..., Any]) -> Callable[..., Any]:
    def begin(namespace: str, **parameters: str) -> Any:
        settings = {"period": "0.1", "wordings": "3", "diagnostics_period": "0.2", "nice": "0"} | parameters
        process = start_describer(namespace, **settings)
        graph.wait(lambda: namespace in graph.statuses, "the node", process)
        return process

    return begin


@pytest.fixture(scope="module")
def describer(graph: Any, begin: Callable[..., Any]) -> Iterator[Describer]:
    process = begin("/describing", human_hold=str(HOLD))
    yield Describer(graph, process, "/describing")
    assert process.stop() == 0, process.output()
    assert process.output().count("Traceback (most") == 1, process.output()  # of the captioner that was told to fail


def test_a_changed_scene_is_described_once(describer: Describer, graph: Any) -> None:
    describer.shoot_until(lambda: describer.said, "a description", left=True)
    assert describer.said == [LEFT]
    describer.shoot(left=True)
    assert describer.said == [LEFT]
    assert int(describer.status()["not described: unchanged scene"]) > 0
    describer.shoot_until(lambda: len(describer.said) > 1, "another description", left=False)
    assert describer.said == [LEFT, RIGHT]
    with graph.listen(String, "/describing/scene_description", LATCHED) as late:
        graph.wait(lambda: late, "the latched description")
    assert late[0].data == RIGHT
    status = describer.status()
    assert (status["last description"], status["said by"], status["silent because"]) == (
        RIGHT,
        "embedded",
        "not silent",
    )
    assert (status["level"], int(status["descriptions"])) == (0, 2)


def test_a_human_comes_first_and_is_heard_by_who_comes_later(describer: Describer, graph: Any) -> None:
    describer.said.clear()
    describer.human.publish(String(data="A hall with  a crane."))
    graph.wait(lambda: describer.said, "what the human said, latched")
    assert describer.said == ["A hall with a crane."]
    describer.shoot(left=True)
    assert describer.said == ["A hall with a crane."]
    status = describer.status()
    assert status["said by"] == "somebody else" and "somebody else has spoken; for" in status["silent because"]
    assert int(status["not described: a human has spoken"]) > 0
    with graph.listen(String, "/describing/scene_description", LATCHED) as late:
        graph.wait(lambda: late, "the latched description")
    assert late[0].data == "A hall with a crane."
    describer.shoot_until(lambda: len(describer.said) > 1, "an end of the silence", left=True)
    assert describer.said[1] == LEFT


def test_a_human_who_repeats_a_description_is_heard_again(describer: Describer, graph: Any) -> None:
    """Also when the node has said the same itself."""
    said = describer.said[-1]
    end = time.monotonic() + 2 * HOLD
    while time.monotonic() < end:
        describer.human.publish(String(data=said))
        describer.shoot(left=False, seconds=0.4)
    assert describer.said[-1] == said
    assert describer.status()["said by"] == "somebody else"
    describer.shoot_until(lambda: describer.said[-1] == RIGHT, "an end of the silence", left=False)


def test_a_human_who_speaks_during_a_caption_is_not_overruled(describer: Describer, graph: Any) -> None:
    describer.shoot_until(lambda: describer.said[-1] == LEFT, "a description", left=True)
    before = int(describer.status()["descriptions"])
    describer.process.order(seconds=1.5)
    describer.shoot(left=False, seconds=0.6)
    describer.human.publish(String(data="A crane."))
    graph.wait(lambda: describer.said[-1] == "A crane.", "what the human said")
    describer.process.order()
    graph.wait(lambda: int(graph.statuses["/describing"]["descriptions"]) > before, "the end of the caption")
    graph.pass_time(0.3)
    assert describer.said[-1] == "A crane."


def test_images_that_come_while_it_is_busy_are_counted(describer: Describer, graph: Any) -> None:
    describer.shoot_until(lambda: describer.said[-1] in (LEFT, RIGHT), "an end of the silence", left=False)
    before = int(describer.status()["not described: busy"])
    describer.process.order(seconds=1.0)
    describer.shoot_until(lambda: describer.said[-1] == LEFT, "a description", left=True)
    describer.process.order()
    assert int(describer.status()["not described: busy"]) > before + 5


def test_a_captioner_that_fails_and_a_bad_image_stop_nothing(describer: Describer, graph: Any) -> None:
    describer.process.order(raises="RuntimeError: no idea")
    problem = lambda: "no idea" in graph.statuses["/describing"]["message"]  # noqa: E731
    describer.shoot_until(problem, "a failure that is told", left=False)
    assert graph.statuses["/describing"]["level"] == 2
    describer.process.order()
    bad = half_bright(True)
    bad.encoding = "nonsense"
    graph.wait(
        lambda: "nonsense" in graph.statuses["/describing"]["message"],
        "a bad image that is told",
        each=lambda: describer.camera.publish(bad),
    )
    describer.shoot_until(lambda: describer.said[-1] == RIGHT, "a description", left=False)


def test_no_image_is_told(describer: Describer, graph: Any) -> None:
    graph.wait(
        lambda: "publisher found on /describing/image but no image" in graph.statuses["/describing"]["message"],
        "a complaint",
    )
    assert graph.statuses["/describing"]["level"] == 1


def test_each_of_two_cameras_is_described_and_a_human_speaks_for_both(graph: Any, begin: Callable[..., Any]) -> None:
    process = begin("/two", cameras="[front, left]", human_hold="0.0")
    front, left = (Describer(graph, process, "/two", name) for name in ("front", "left"))
    front.shoot_until(lambda: front.said, "a description of the first", left=True)
    left.shoot_until(lambda: left.said, "a description of the second", left=False)
    assert (front.said, left.said) == ([LEFT], [RIGHT])
    front.human.publish(String(data="A crane."))  # its own topics would take precedence in the depth node
    graph.wait(lambda: front.said[-1] == left.said[-1] == "A crane.", "what the human said")
    front.shoot(left=False, seconds=1.0)
    assert front.said[-1] == "A crane."
    assert "for good" in graph.fresh_status("/two")["silent because"]
    assert process.stop(signal.SIGTERM) == 0, process.output()


def test_depth_goes_on_when_it_is_killed(
    graph: Any, begin: Callable[..., Any], start_faulty: Callable[..., Any]
) -> None:
    process = begin("/killed")
    depth = start_faulty(
        "/killed_depth", "-r", "image:=/killed/image", "-r", "scene_description:=/killed/scene_description"
    )
    describer = Describer(graph, process, "/killed")
    with graph.listen(Image, "/killed_depth/metric_depth", process=depth) as depths:
        describer.shoot_until(lambda: depths, "a depth", left=True)
        process.popen.kill()
        process.popen.wait()
        count = len(depths)
        shoot = lambda: describer.camera.publish(half_bright(True))  # noqa: E731
        graph.wait(lambda: len(depths) > count + 5, "depth without the describer", depth, each=shoot)
    assert graph.fresh_status("/killed_depth")["active description"] == LEFT
    assert depth.stop() == 0
    for wording in LEFT.splitlines():
        assert f"encoded: {wording}" in depth.output()


def test_a_manager_leads_it(graph: Any, begin: Callable[..., Any]) -> None:
    process = begin("/led", autostart="false")
    for transition, state in (
        (Transition.TRANSITION_CONFIGURE, "inactive"),
        (Transition.TRANSITION_ACTIVATE, "active"),
        (Transition.TRANSITION_DEACTIVATE, "inactive"),
        (Transition.TRANSITION_CLEANUP, "unconfigured"),
    ):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert graph.call(ChangeState, "/led/tr2m_describe/change_state", request).success
        graph.wait(lambda state=state: graph.statuses["/led"]["state"] == state, state, process)
    assert process.stop() == 0, process.output()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model": "/no/such/model"}, "captioner '/no/such/model': not one of embedded, florence"),
        ({"model": "florence"}, "run `tr2m download captioner florence`"),
        ({"style": "poem"}, "parameter 'style' is 'poem'; use one of sentence, objects"),
        ({"wordings": "21"}, "wordings"),
        ({"device": "cuda:77", "model": "florence"}, "florence"),
    ],
)
def test_what_it_cannot_start_with_ends_it_with_one_line(
    start_describer: Callable[..., Any], parameters: dict[str, str], words: str
) -> None:
    process = start_describer("/bad", real=True, **parameters)
    assert process.wait() == 2
    assert [words in line for line in process.output().splitlines()] == [True], process.output()


def test_the_embedded_captioner_describes(graph: Any, start_describer: Callable[..., Any]) -> None:
    process = start_describer("/real", real=True, period="0.1")
    graph.wait(lambda: "/real" in graph.statuses, "the node", process)
    describer = Describer(graph, process, "/real")
    describer.shoot_until(lambda: describer.said, "a description", left=True)
    lines = describer.said[0].splitlines()
    assert all(line.endswith(".") for line in lines) and len(set(lines)) == len(lines)
    assert process.stop() == 0, process.output()
