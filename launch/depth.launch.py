"""Starts the depth node: ros2 launch tr2m_ros depth.launch.py image:=/camera/image_raw description:="A small office."

With the defaults depth comes out on /metric_depth and the cloud on /metric_depth/points.
"""

from __future__ import annotations

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

# Launch argument -> node parameter; an empty argument leaves the parameter file's value alone.
PARAMETERS = {"description": "default_description", "model": "model", "checkpoint": "checkpoint", "device": "device"}


def generate_launch_description() -> LaunchDescription:
    """The launch arguments, and the nodes once those are known."""
    return LaunchDescription([*arguments(), OpaqueFunction(function=start_nodes)])


def arguments() -> list[DeclareLaunchArgument]:
    """Every argument with its default and description, as `ros2 launch tr2m_ros depth.launch.py -s` shows them."""
    config = os.path.join(get_package_share_directory("tr2m_ros"), "config", "depth.yaml")
    table = (
        ("image", "/camera/image_raw", "Image topic"),
        ("camera_info", "", "CameraInfo topic; empty: camera_info beside the image topic"),
        ("description", "", "One sentence about the scene, used until one arrives on scene_description"),
        ("model", "", "embedded, paper, a model directory, a Hub id or an .onnx file; empty: as in params_file"),
        ("checkpoint", "", "file that replaces the model's rescale head (safetensors, .pth); empty: as in params_file"),
        ("device", "", "auto, cpu, cuda or cuda:N; empty: as in params_file"),
        ("rviz", "false", "true: also start RViz with image, depth and cloud"),
        ("namespace", "", "Namespace of the node and its output topics"),
        ("params_file", config, "YAML file with the node's parameters"),
        ("use_sim_time", "false", "true: take the time from /clock"),
    )
    return [DeclareLaunchArgument(name, default_value=value, description=text) for name, value, text in table]


def start_nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The depth node and, when asked for, RViz."""

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    use_sim_time = {"use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)}
    # As text whatever it looks like: a description may well be "no" or "a desk: two mugs".
    given = {
        parameter: ParameterValue(value(argument), value_type=str)
        for argument, parameter in PARAMETERS.items()
        if value(argument)
    }
    camera_info = value("camera_info") or beside(value("image"), "camera_info")
    nodes: list[LaunchDescriptionEntity] = [
        Node(
            package="tr2m_ros",
            executable="depth_node",
            name="tr2m_depth",
            namespace=value("namespace"),
            parameters=[value("params_file"), use_sim_time, given] if given else [value("params_file"), use_sim_time],
            remappings=[("image", value("image")), ("camera_info", camera_info)],
            output="screen",
            sigterm_timeout="15",  # a frame in progress and the unloading of torch may outlast the usual 5 s
        )
    ]
    if value("rviz").lower() in ("true", "1"):
        nodes.append(rviz(value("namespace"), value("image"), use_sim_time))
    return nodes


def beside(topic: str, name: str) -> str:
    """The topic `name` in the same namespace as `topic`: where cameras publish their camera_info."""
    namespace, slash, _ = topic.rpartition("/")
    return f"{namespace}{slash}{name}"


def rviz(namespace: str, image: str, use_sim_time: dict[str, ParameterValue]) -> Node:
    """RViz with the package's configuration, whose topics are those of the default arguments."""
    config = os.path.join(get_package_share_directory("tr2m_ros"), "config", "rviz", "depth.rviz")
    prefix = f"/{namespace.strip('/')}" if namespace.strip("/") else ""
    topics = ("/metric_depth", "/metric_depth/points")
    return Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", config],
        parameters=[use_sim_time],
        remappings=[("/camera/image_raw", image), *((topic, prefix + topic) for topic in topics if prefix)],
        output="screen",
    )
