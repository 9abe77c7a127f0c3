"""Starting, failing to start, managed transitions, and ending on signals."""

from __future__ import annotations

import array
import signal
from collections.abc import Callable
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import Image


def lines(output: str, word: str) -> list[str]:
    return [line for line in output.splitlines() if word in line]


def test_a_missing_model_ends_the_process_with_one_line(start_node: Callable[..., Any]) -> None:
    process = start_node("/missing", model="/no/such/model")
    assert process.wait() == 2
    assert len(process.output().splitlines()) == 1
    assert "model '/no/such/model'" in process.output()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"max_depth": "10"}, "'max_depth' must be of type float"),
        ({"max_depth": "-1.0"}, "max_depth"),
        ({"device": "banana"}, "banana"),
        ({"min_depth": "50.0", "max_depth": "5.0"}, "min_depth 50.0 must be less than max_depth 5.0"),
    ],
)
def test_bad_parameters_end_the_process_with_one_line(
    start_node: Callable[..., Any], parameters: dict[str, str], words: str
) -> None:
    process = start_node("/bad", **parameters)
    assert process.wait() == 2
    assert len(lines(process.output(), words)) == 1
    assert "Traceback" not in process.output()


def test_an_empty_list_of_cameras_is_one_camera_without_a_name(graph: Any, start_node: Callable[..., Any]) -> None:
    process = start_node("/none_named", cameras="[]", autostart="false")
    graph.wait(lambda: graph.statuses.get("/none_named"), "the node", process)
    assert graph.statuses["/none_named"]["active description"] == "none"
    assert process.stop() == 0, process.output()


def test_what_was_set_in_vain_or_read_otherwise_is_said(graph: Any, start: Callable[..., Any]) -> None:
    said = "A lab with desk #3"
    overrides = {
        "default_description": said,
        "cloud_strid": "4",
        "qos_overrides./wrong/image.subscription.depth": "3",
        "qos_overrides./said/image.subscription.depth": "3",
    }
    arguments = [part for name, value in overrides.items() for part in ("-p", f"{name}:={value}")]
    process = start("tr2m_ros.depth_node", "--ros-args", "-r", "__ns:=/said", *arguments)
    graph.wait(lambda: "model 'embedded'" in process.output(), "the node", process)
    warned = lines(process.output(), "WARN")
    assert [line.partition("]: ")[2] for line in warned] == [
        "parameter 'cloud_strid' is not known and has no effect; did you mean 'cloud_stride'?",
        "parameter 'default_description' was read as 'A lab with desk'; for all of it quote twice: "
        """-p default_description:="'A lab with desk #3'\"""",
        "parameter 'qos_overrides./wrong/image.subscription.depth' is not known and has no effect",
    ]
    graph.wait(lambda: lines(process.output(), "description: 'A lab with desk'"), "the sentence", process)
    assert process.stop() == 0, process.output()

    quoted = ["-p", f"default_description:='{said}'"]  # what the shell leaves of the advice
    process = start("tr2m_ros.depth_node", "--ros-args", "-r", "__ns:=/said", *quoted)
    graph.wait(lambda: lines(process.output(), f"description: '{said}'"), "all of the sentence", process)
    assert not lines(process.output(), "WARN")
    assert process.stop() == 0, process.output()


def test_a_missing_parameter_file_ends_the_process_without_a_traceback(start: Callable[..., Any]) -> None:
    process = start("tr2m_ros.depth_node", "--ros-args", "--params-file", "/no/such/file.yaml")
    assert process.wait() == 2
    assert "/no/such/file.yaml" in process.output()
    assert "Traceback" not in process.output()


def test_a_lifecycle_manager_leads_the_node_through_its_states(graph: Any, start_node: Callable[..., Any]) -> None:
    process = start_node("/managed", autostart="false", model="/no/such/model")
    base = "/managed/tr2m_depth"

    def change(transition: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition))
        return graph.call(ChangeState, f"{base}/change_state", request).success

    def state() -> str:
        return graph.call(GetState, f"{base}/get_state", GetState.Request()).current_state.label

    assert not change(Transition.TRANSITION_CONFIGURE)
    assert state() == "unconfigured"
    assert len(lines(process.output(), "/no/such/model")) == 1
    status = graph.fresh_status("/managed")
    assert status["state"] == "unconfigured"

    set_parameters(graph, model="embedded", checkpoint="/no/such/file.safetensors")
    assert not change(Transition.TRANSITION_CONFIGURE)
    assert len(lines(process.output(), "/no/such/file.safetensors: no such file")) == 1
    set_parameters(graph, checkpoint="")
    for _ in range(2):  # everything that configuring creates must be gone after cleaning up
        assert change(Transition.TRANSITION_CONFIGURE)
        assert state() == "inactive"
        assert change(Transition.TRANSITION_ACTIVATE)
        assert state() == "active"
        check_silence_without_a_description(graph)
        assert change(Transition.TRANSITION_DEACTIVATE)
        assert change(Transition.TRANSITION_CLEANUP)
        assert state() == "unconfigured"
    assert change(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
    assert process.stop(signal.SIGTERM) == 0
    assert "Traceback" not in process.output()


def set_parameters(graph: Any, **values: str) -> None:
    kind = ParameterType.PARAMETER_STRING
    parameters = [Parameter(name=k, value=ParameterValue(type=kind, string_value=v)) for k, v in values.items()]
    request = SetParameters.Request(parameters=parameters)
    answer = graph.call(SetParameters, "/managed/tr2m_depth/set_parameters", request)
    assert all(result.successful for result in answer.results), answer


def check_silence_without_a_description(graph: Any) -> None:
    """Without a sentence nothing is published, and the node says why."""
    images = graph.publisher(Image, "/managed/image")
    with graph.listen(Image, "/managed/metric_depth") as depths:
        graph.wait(
            lambda: "no description yet" in graph.fresh_status("/managed")["message"],
            "the hint about the description",
            each=lambda: images.publish(frame()),
        )
        assert not depths
    graph.node.destroy_publisher(images)


def frame(width: int = 64, height: int = 48) -> Image:
    msg = Image(width=width, height=height, encoding="mono8", step=width)
    msg.data = array.array("B", bytes(width * height))
    return msg


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_during_inference_end_the_node_cleanly(
    graph: Any, start_node: Callable[..., Any], number: signal.Signals
) -> None:
    namespace = f"/{number.name.lower()}"
    process = start_node(namespace, default_description="A room.")
    images = graph.publisher(Image, f"{namespace}/image")
    with graph.listen(Image, f"{namespace}/metric_depth") as depths:
        send = lambda: images.publish(frame(1280, 960))  # noqa: E731
        graph.wait(lambda: depths, "depth", each=send)
        send()
        process.popen.send_signal(number)
        send()
        process.popen.send_signal(number)  # a launch file's Ctrl-C arrives twice
        assert process.wait() == 0, process.output()
    graph.node.destroy_publisher(images)
    assert "Traceback" not in process.output()
    assert "rror" not in process.output()


def test_a_signal_while_loading_ends_the_node_cleanly(graph: Any, start_node: Callable[..., Any]) -> None:
    process = start_node("/early")
    graph.wait(lambda: graph.node.count_publishers("/early/tr2m_depth/transition_event"), "the node to appear")
    assert process.stop(signal.SIGTERM) == 0
    assert "Traceback" not in process.output()
