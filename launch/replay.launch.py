"""Plays a bag through the depth node and measures what comes out against the bag's own depth:

ros2 launch tr2m_ros replay.launch.py bag:=recording rate:=0.2 output:=replay

Prints the table of metrics and leaves report.html, report.json, frames.csv and timing.csv in the output folder. The
depth node measures the latest image and drops what came while it was busy: a lower rate has more frames measured, and
the report counts both. `tr2m replay` measures every frame, without ROS.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.parameter_descriptions import ParameterValue
from rclpy.utilities import get_rmw_implementation_identifier

from tr2m_core import InputError
from tr2m_core.bags.bag import Bag
from tr2m_core.bags.description_topic import find_description
from tr2m_core.bags.topics import Topics, find_topics
from tr2m_ros import dds
from tr2m_ros.overrides import unknown_arguments

IMAGE_TYPE = "sensor_msgs/msg/Image"
CLOCK_HZ = "100"
QUEUE_DEPTH = 50
DISCOVERY = "3"  # s that subscribers have to find the player; ours waits for the first ones by name before
LAST_FRAMES = 60.0  # s for what is in flight when the bag has ended; normally eval_node ends first
Value = Callable[[str], str]


def generate_launch_description() -> LaunchDescription:
    """The launch arguments, and the processes once those are known."""
    return LaunchDescription([*arguments(), OpaqueFunction(function=start)])


def arguments() -> list[DeclareLaunchArgument]:
    """Every argument with its default and description, as `ros2 launch tr2m_ros replay.launch.py -s` shows them."""
    config = os.path.join(get_package_share_directory("tr2m_ros"), "config", "depth.yaml")
    table = (
        ("image", "", "Image topic of the bag; empty: found by type and name"),
        ("depth", "", "reference depth, an Image topic of the bag aligned with the image; empty: found"),
        ("camera_info", "", "CameraInfo topic of the bag; empty: the one beside the image topic"),
        ("description", "", "One sentence about the scene; empty: the bag's own"),
        ("model", "", "embedded, paper, a model directory, a Hub id or an .onnx file; empty: as in params_file"),
        ("checkpoint", "", "file that replaces the model's rescale head (safetensors, .pth); empty: as in params_file"),
        ("device", "", "auto, cpu, cuda or cuda:N; empty: as in params_file"),
        ("rate", "1.0", "times the recorded pace; with frames faster than the model the depth node drops some"),
        ("output", "replay", "Folder for the report; empty: only the table"),
        ("assume_aligned", "false", "true: take depth of the image's size as aligned, whatever its frame_id"),
        ("player", "auto", "ros2: ros2 bag play, bag_player: this package's, auto: ros2 where it is installed"),
        ("dds_profile", "auto", "auto or none: whether to give Fast DDS shared memory for images and clouds"),
        ("namespace", "", "Namespace of the nodes and their output topics"),
        ("params_file", config, "YAML file with the depth node's parameters"),
    )
    bag = DeclareLaunchArgument("bag", description="rosbag2 folder, or one .db3 or .mcap file")
    return [bag, *(DeclareLaunchArgument(name, default_value=value, description=text) for name, value, text in table)]


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes at once, the player when the depth node is active; all ends when what was played is measured."""

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    topics = recorded_topics(value)
    depth, evaluation, player = depth_node(value, topics), eval_node(value, topics), bag_player(value, topics)
    shutdown = EmitEvent(event=Shutdown(reason="the bag is measured"))
    give_up = TimerAction(period=LAST_FRAMES, actions=[EmitEvent(event=Shutdown(reason="eval_node does not end"))])
    known = [argument.name for argument in arguments()]
    notes = [LogInfo(msg=line) for line in unknown_arguments(context.launch_configurations, known)]
    return [
        *notes,
        RegisterEventHandler(OnStateTransition(target_lifecycle_node=depth, goal_state="active", entities=[player])),
        on_exit(player, "the player", [give_up]),
        on_exit(evaluation, "eval_node", [shutdown]),
        on_exit(depth, "depth_node", []),
        evaluation,
        depth,
    ]


def recorded_topics(value: Value) -> Topics:
    """The topics to play. Raises InputError when the bag has none that this can measure."""
    path = Path(value("bag"))
    with Bag(path) as bag:
        topics = find_topics(bag, value("image") or None, value("depth") or None, value("camera_info") or None)
        for name, topic in (("image", topics.image), ("depth", topics.depth)):
            if topic is None or bag.topics[topic].type != IMAGE_TYPE:
                what = f"no {name} topic" if topic is None else f"{topic} is a {bag.topics[topic].type}"
                raise InputError(f"{path}: {what}: an uncompressed {IMAGE_TYPE} is needed here; see tr2m replay")
        if value("description"):
            return topics._replace(description=None)
        if topics.description is None:
            why = find_description(bag, topics.image).why
            raise InputError(f"{path}: no scene description found: {why}; give one with description:=")
    return topics


def depth_node(value: Value, topics: Topics) -> LifecycleNode:
    # As text whatever it looks like: a description may well be "no" or "a desk: two mugs".
    given = {
        parameter: ParameterValue(value(argument), value_type=str)
        for argument, parameter in (
            ("description", "default_description"),
            ("model", "model"),
            ("checkpoint", "checkpoint"),
            ("device", "device"),
            ("dds_profile", "dds_profile"),
        )
        if value(argument)
    }
    remappings = [("image", topics.image)]
    remappings += [("camera_info", topics.info)] if topics.info else []
    remappings += [("scene_description", topics.description)] if topics.description else []
    return LifecycleNode(
        package="tr2m_ros",
        executable="depth_node",
        name="tr2m_depth",
        namespace=value("namespace"),
        parameters=[value("params_file"), {"use_sim_time": True, **queue(topics.image), **given}],
        remappings=remappings,
        output="screen",
        sigterm_timeout="15",  # a frame in progress and the unloading of torch may outlast the usual 5 s
    )


def eval_node(value: Value, topics: Topics) -> Node:
    return Node(
        package="tr2m_ros",
        executable="eval_node",
        name="tr2m_eval",
        namespace=value("namespace"),
        parameters=[
            {
                "use_sim_time": True,
                "end_with_image": True,
                "output": ParameterValue(value("output"), value_type=str),
                "model": ParameterValue(value("model"), value_type=str),
                "assume_aligned": ParameterValue(LaunchConfiguration("assume_aligned"), value_type=bool),
                "dds_profile": ParameterValue(value("dds_profile"), value_type=str),
                **queue(topics.image),
                **queue(topics.depth),
            }
        ],
        remappings=[("image", topics.image), ("reference_depth", topics.depth)],
        output="screen",
        sigterm_timeout="30",  # the report takes seconds on a slow machine
    )


def queue(topic: str | None) -> dict[str, int]:
    """The parameter with which a node misses no frame: what is lost and sent again arrives together with the next."""
    return {f"qos_overrides.{topic}.subscription.depth": QUEUE_DEPTH}


def bag_player(value: Value, topics: Topics) -> ExecuteProcess:
    """`ros2 bag play`, or this package's player where there is none."""
    name, rate = value("player"), value("rate")
    if name not in ("auto", "ros2", "bag_player"):
        raise InputError(f"player:={name}: use auto, ros2 or bag_player")
    played = [topic for topic in (topics.image, topics.depth, topics.info, topics.description) if topic is not None]
    common = [value("bag"), "--rate", rate, "--clock", CLOCK_HZ, "--topics", *played]
    if name == "ros2" or (name == "auto" and is_installed("ros2bag")):
        command = ["ros2", "bag", "play", *common, "--delay", DISCOVERY, "--disable-keyboard-controls"]
        return ExecuteProcess(cmd=command, output="screen", additional_env=shared_memory(value("dds_profile")))
    subscribed = [topic for topic in played if topic != topics.description]
    return Node(
        package="tr2m_ros",
        executable="bag_player",
        arguments=[
            *common,
            *("--wait-for-subscribers", *subscribed),
            *("--start-delay", DISCOVERY),
            *("--dds-profile", value("dds_profile")),
        ],
        output="screen",
    )


def shared_memory(choice: str) -> dict[str, str]:
    """The environment in which another program than ours has it; ours see to it themselves."""
    return dds.provide(choice, os.environ, get_rmw_implementation_identifier())[0]


def is_installed(package: str) -> bool:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def on_exit(process: ExecuteProcess, name: str, then: list[LaunchDescriptionEntity]) -> RegisterEventHandler:
    """What follows when the process has ended; an error, which ends the launch with exit code 1, if it failed."""

    def react(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if event.returncode != 0:
            raise RuntimeError(f"{name} ended with exit code {event.returncode}")
        return then

    return RegisterEventHandler(OnProcessExit(target_action=process, on_exit=react))
