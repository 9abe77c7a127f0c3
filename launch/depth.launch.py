"""Starts the depth node: ros2 launch tr2m_ros depth.launch.py image:=/camera/image_raw description:="A small office."

With the defaults depth comes out on /metric_depth and the cloud on /metric_depth/points. Several cameras in one node:

ros2 launch tr2m_ros depth.launch.py cameras:=front,left image:=/{camera}/image_raw description:="A warehouse aisle."

takes /front/image_raw and /left/image_raw, and publishes /front/metric_depth, /left/metric_depth and so on. Without a
human who describes the scene: describe:=true.
"""

from __future__ import annotations

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from tr2m_ros.overrides import unknown_arguments

# Launch argument -> node parameter; an empty argument leaves the parameter file's value alone.
PARAMETERS = {
    "description": "default_description",
    "model": "model",
    "checkpoint": "checkpoint",
    "device": "device",
    "image_transport": "image_transport",
    "dds_profile": "dds_profile",
    "scale_reference": "scale_reference",
}
REFERENCES = ("depth", "points", "scan", "range")
DEFAULT_IMAGE = "/camera/image_raw"
CAMERA = "{camera}"


def generate_launch_description() -> LaunchDescription:
    """The launch arguments, and the nodes once those are known."""
    return LaunchDescription([*arguments(), OpaqueFunction(function=start_nodes)])


def arguments() -> list[DeclareLaunchArgument]:
    """Every argument with its default and description, as `ros2 launch tr2m_ros depth.launch.py -s` shows them."""
    folder = os.path.join(get_package_share_directory("tr2m_ros"), "config")
    config, describing = (os.path.join(folder, name) for name in ("depth.yaml", "describe.yaml"))
    table = (
        ("image", DEFAULT_IMAGE, "Image topic; with cameras its name holds {camera}"),
        ("camera_info", "", "CameraInfo topic; empty: camera_info beside the image topic"),
        ("image_transport", "", "raw or compressed; empty: as in params_file"),
        ("cameras", "", "names of several cameras, separated by commas; empty: one camera, or as in params_file"),
        ("description", "", "One sentence about the scene, used until one arrives on scene_description"),
        ("describe", "false", "true: also start describe_node, which says what the camera shows until a human does"),
        ("describe_model", "", "embedded, florence, smolvlm, blip or llava; empty: as in describe_params_file"),
        ("describe_params_file", describing, "YAML file with the parameters of describe_node"),
        (
            "description_blend",
            "",
            "seconds from one description to the next; empty: 1.0 with describe, else params_file",
        ),
        ("model", "", "embedded, paper, a model directory, a Hub id or an .onnx file; empty: as in params_file"),
        ("checkpoint", "", "file that replaces the model's rescale head (safetensors, .pth); empty: as in params_file"),
        ("device", "", "auto, cpu, cuda or cuda:N; empty: as in params_file"),
        ("autostart", "", "false: a lifecycle manager configures and activates; empty: as in params_file"),
        (
            "dds_profile",
            "",
            "auto or none: whether Fast DDS gets memory for whole images; empty: as in params_file",
        ),
        ("scale_reference", "", "off, check or correct: depth against reference_...; empty: as in params_file"),
        ("reference_depth", "", "depth image for scale_reference, registered or with camera_info beside it"),
        ("reference_points", "", "point cloud for scale_reference"),
        ("reference_scan", "", "laser scan for scale_reference"),
        ("reference_range", "", "range for scale_reference"),
        ("rviz", "false", "true: also start RViz with image, depth and cloud"),
        ("fixed_frame", "camera", "RViz's fixed frame: the frame_id of the images or one that TF connects with it"),
        ("namespace", "", "Namespace of the node and its output topics"),
        ("params_file", config, "YAML file with the node's parameters"),
        ("use_sim_time", "false", "true: take the time from /clock"),
    )
    return [DeclareLaunchArgument(name, default_value=value, description=text) for name, value, text in table]


def start_nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The depth node and, when asked for, the describing node and RViz."""

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    known = [argument.name for argument in arguments()]
    notes = [LogInfo(msg=line) for line in unknown_arguments(context.launch_configurations, known)]
    use_sim_time = {"use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)}
    # As text whatever it looks like: a description may well be "no" or "a desk: two mugs".
    given: dict[str, object] = {
        parameter: ParameterValue(value(argument), value_type=str)
        for argument, parameter in PARAMETERS.items()
        if value(argument)
    }
    cameras = [name.strip() for name in value("cameras").split(",") if name.strip()]
    if cameras:
        given["cameras"] = cameras
    describing = is_true(value("describe"))
    if blend := value("description_blend") or ("1.0" if describing else ""):
        given["description_blend"] = float(blend)
    if value("autostart"):
        given["autostart"] = ParameterValue(LaunchConfiguration("autostart"), value_type=bool)
    renamed = remappings(cameras, value("image"), value("camera_info"))
    references = {kind: topic for kind in REFERENCES if (topic := value(f"reference_{kind}"))}
    nodes: list[LaunchDescriptionEntity] = [
        *notes,
        Node(
            package="tr2m_ros",
            executable="depth_node",
            name="tr2m_depth",
            namespace=value("namespace"),
            parameters=[value("params_file"), use_sim_time, given] if given else [value("params_file"), use_sim_time],
            remappings=renamed + reference_remappings(cameras, references),
            output="screen",
            sigterm_timeout="15",  # a frame in progress and the unloading of torch may outlast the usual 5 s
        ),
    ]
    if describing:
        same = {
            name: given[name] for name in ("cameras", "image_transport", "dds_profile", "autostart") if name in given
        }
        if value("describe_model"):
            same["model"] = ParameterValue(value("describe_model"), value_type=str)
        nodes.append(
            Node(
                package="tr2m_ros",
                executable="describe_node",
                name="tr2m_describe",
                namespace=value("namespace"),
                parameters=[value("describe_params_file"), use_sim_time, *([same] if same else [])],
                remappings=renamed,
                output="screen",
                sigterm_timeout="15",
            )
        )
    if is_true(value("rviz")):
        prefix = "/".join(["", *filter(None, [value("namespace").strip("/"), *cameras[:1]])])
        nodes.append(rviz(prefix, renamed[0][1], value("fixed_frame"), use_sim_time))
    return nodes


def is_true(text: str) -> bool:
    return text.lower() in ("true", "1")


def remappings(cameras: list[str], image: str, camera_info: str) -> list[tuple[str, str]]:
    """From the node's topics to the cameras'; images first. Raises ValueError when several cameras would share one."""
    if not cameras:
        return [("image", image), ("camera_info", camera_info or beside(image, "camera_info"))]
    image = f"/{CAMERA}/image_raw" if image == DEFAULT_IMAGE else image
    camera_info = camera_info or beside(image, "camera_info")
    pairs = []
    for name, topic in (("image", image), ("camera_info", camera_info)):
        if CAMERA not in topic:
            raise ValueError(f"{name}:={topic}: with cameras it has to hold {CAMERA}, as in /{CAMERA}/image_raw")
        pairs += [(f"{camera}/{name}", topic.replace(CAMERA, camera)) for camera in cameras]
    return pairs


def reference_remappings(cameras: list[str], topics: dict[str, str]) -> list[tuple[str, str]]:
    """From the node's reference topics to the sensors', by kind; all cameras share one whose name has no {camera}."""
    if "depth" in topics:
        topics = topics | {"camera_info": beside(topics["depth"], "camera_info")}
    return [
        (f"{camera}/reference/{kind}".lstrip("/"), topic.replace(CAMERA, camera))
        for kind, topic in topics.items()
        for camera in cameras or [""]
    ]


def beside(topic: str, name: str) -> str:
    """The topic `name` in the same namespace as `topic`: where cameras publish their camera_info."""
    namespace, slash, _ = topic.rpartition("/")
    return f"{namespace}{slash}{name}"


def rviz(prefix: str, image: str, fixed_frame: str, use_sim_time: dict[str, ParameterValue]) -> Node:
    """RViz with the package's configuration, whose topics are those of the default arguments.

    prefix: what the names of the outputs begin with, as "/robot/front"; image: the image to show.
    """
    config = os.path.join(get_package_share_directory("tr2m_ros"), "config", "rviz", "depth.rviz")
    topics = ("/metric_depth", "/metric_depth/points")
    return Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", config, "-f", fixed_frame],
        parameters=[use_sim_time],
        remappings=[(DEFAULT_IMAGE, image), *((topic, prefix + topic) for topic in topics if prefix)],
        output="screen",
    )
