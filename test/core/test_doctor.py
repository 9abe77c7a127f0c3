"""Each check against an independent source; what is broken is really broken, in folders put first on PYTHONPATH."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tr2m_core.doctor import compute, model, resources, ros, software, transport, trials
from tr2m_core.doctor.finding import MISSING, OK, WARNING, Finding, examine
from tr2m_core.doctor.torch_facts import DeviceFacts, Gpu, TorchFacts, device_facts, torch_facts
from tr2m_core.doctor.transport import Arrivals
from tr2m_core.doctor.trials import CV_BRIDGE, DEVICE, RMW, TORCH, Outcome, attempt
from tr2m_core.model import RescaleHead
from tr2m_core.model.config import RescaleHeadConfig
from tr2m_core.model.sources import Overrides, find_model
from tr2m_core.train.config import read_config
from tr2m_core.train.loader import shared_memory

HAS_ROS = importlib.util.find_spec("rclpy") is not None
NO_OVERRIDES = Overrides()


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Nothing that an earlier test tried counts."""
    monkeypatch.setattr(trials, "_done", {})


@pytest.fixture
def first(tmp_path, monkeypatch):
    """Puts modules and distributions before the installed ones, here and in other processes."""
    folder = tmp_path / "first"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")

    def put(name: str, code: str = "", version: str = "", requires: tuple[str, ...] = (), extras: tuple[str, ...] = ()):
        if code:
            file = folder.joinpath(*name.split(".")).with_suffix(".py")
            file.parent.mkdir(exist_ok=True)
            file.write_text(code)
        if version:
            info = folder / f"{name}-{version}.dist-info"
            info.mkdir()
            lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
            lines += [f"Requires-Dist: {text}" for text in requires] + [f"Provides-Extra: {text}" for text in extras]
            (info / "METADATA").write_text("\n".join(lines) + "\n")

    return put


def by_name(findings):
    found = {finding.check: finding for finding in findings}
    assert all(finding.fix for finding in found.values() if finding.state != OK)
    return found


def with_device(device: DeviceFacts, *gpus: Gpu, name: str = "auto", compiler: str | None = "(Debian) 12.2.0") -> None:
    """Lets the checks see a machine with these GPUs and this GCC."""
    facts = TorchFacts("AVX2", 2, "12.4" if gpus else None, gpus, compiler=compiler, cpu="Flags: avx2 fma")
    trials._done[TORCH] = Outcome(dataclasses.asdict(facts))
    trials._done[f"{DEVICE}{name}"] = Outcome(dataclasses.asdict(device))


# Trials


def test_trials_tell_versions_and_failures_apart(first):
    first("fine", "print('noise')\n__version__ = '1.5'")
    first("no_version", "x = 1")
    first("broken", "raise ImportError('libX.so: cannot open\\nshared object file')")
    first("needs_absent", "import really_not_there")
    names = ["fine", "no_version", "not_there", "broken", "needs_absent"]
    assert list(attempt(names).values()) == [
        Outcome("1.5"),
        Outcome(""),
        Outcome(error="ModuleNotFoundError: No module named 'not_there'", absent=True),
        Outcome(error="ImportError: libX.so: cannot open shared object file"),
        Outcome(error="ModuleNotFoundError: No module named 'really_not_there'"),
    ]


def test_trials_survive_what_ends_their_process(first):
    first("aborts", "import os; os.abort()")
    first("leaves", "import sys; print('goodbye', file=sys.stderr); sys.exit(7)")
    first("fine", "__version__ = '2'")
    outcomes = attempt(["aborts", "fine", "leaves"])
    assert outcomes["aborts"].error == "killed by signal 6"
    assert outcomes["fine"] == Outcome("2")
    assert outcomes["leaves"].error == "exit code 7: goodbye"


def test_a_trial_that_hangs_is_ended(first):
    first("hangs", "import time; time.sleep(600)")
    first("fine", "__version__ = '2'")
    assert attempt(["hangs"], timeout=1) == {"hangs": Outcome(error="not done after 1 s")}
    assert attempt(["hangs", "fine"])["fine"] == Outcome("2")


def test_a_check_that_raises_becomes_a_warning():
    def check():
        yield Finding("first", OK, "fine")
        raise ValueError("two\nlines")

    assert examine("broken", check) == [
        Finding("first", OK, "fine"),
        Finding("broken", WARNING, "could not be checked: ValueError: two lines"),
    ]


# Software


def test_python_is_the_running_one(monkeypatch):
    found = by_name(software.python())
    assert found["python"].state == OK
    assert platform.python_version() in found["python"].found and sys.executable in found["python"].found
    monkeypatch.setattr(software, "NEWEST_PYTHON", (3, 9))
    assert by_name(software.python())["python"].state == WARNING


def test_packages_are_judged_by_the_metadata(first):
    requires = (
        "pkg-good>=2",
        "pkg-old>=2.4",
        "pkg-absent>=1",
        "pkg-broken",
        "torch>=2.4",
        "transformers",
        "safetensors",
    )
    extras = ('pkg-fast>=3; extra == "train"', 'pkg-dev; extra == "dev"', 'pkg-good>=9; extra == "dev"')
    first("tr2m_ros", version="9.9", requires=requires + extras, extras=("train", "dev"))
    first("pkg_good", "x = 1", version="2.0+cpu")
    first("pkg_old", "x = 1", version="2.3.9")
    first("pkg_broken", "raise OSError('damaged')", version="1")
    first("torch", "raise ImportError('libcudart.so')", version="2.5")
    first("transformers", "raise ModuleNotFoundError('x', name='transformers')", version="4.50",
          requires=("huggingface-hub<0.2,>=0.1",))  # fmt: skip
    found = by_name(software.packages())
    assert found["pkg-good"] == Finding("pkg-good", OK, "2.0+cpu")
    assert found["pkg-old"] == Finding("pkg-old", WARNING, "2.3.9; >=2.4 is wanted", "pip install 'pkg-old>=2.4'")
    assert found["pkg-absent"] == Finding("pkg-absent", WARNING, "not installed", "pip install 'pkg-absent>=1'")
    assert found["pkg-fast"] == Finding("pkg-fast", WARNING, "not installed", "pip install 'tr2m_ros[train]'")
    assert found["pkg-broken"].state == WARNING and "OSError: damaged" in found["pkg-broken"].found
    assert found["torch"].state == MISSING and "2.5, cannot be imported" in found["torch"].found
    assert found["transformers"].state == MISSING
    assert found["huggingface-hub"].state == WARNING and "<0.2,>=0.1 is wanted" in found["huggingface-hub"].found
    assert "pkg-dev" not in found


def test_unreadable_metadata_are_a_warning(first):
    first("tr2m_ros", version="9.9", requires=("not a requirement !!",))
    (finding,) = examine("packages", software.packages)
    assert finding.state == WARNING and "InvalidRequirement" in finding.found


def test_opencv_without_libgl_is_told_to_go_headless(first):
    first("tr2m_ros", version="9.9", requires=("opencv-python-headless>=4.8",))
    first("opencv_python", version="4.9")
    first("cv2", "raise ImportError('libGL.so.1: cannot open shared object file: No such file or directory')")
    finding = by_name(software.packages())["opencv-python-headless"]
    assert finding.state == WARNING
    assert "libGL.so.1" in finding.found
    assert "opencv-python" in finding.fix and "pip install 'opencv-python-headless>=4.8'" in finding.fix


def test_two_opencv_distributions_are_one_too_many(first):
    first("tr2m_ros", version="9.9", requires=("opencv-python-headless>=4.8",))
    first("opencv_python_headless", version="4.9")
    first("opencv_contrib_python", version="4.9")
    first("cv2", "__version__ = '4.9'")
    finding = by_name(software.packages())["opencv-python-headless"]
    assert finding.state == WARNING
    assert "opencv-python-headless and opencv-contrib-python" in finding.found


# Computing


def test_torch_facts_are_those_of_this_process():
    facts = torch_facts()
    assert facts.instructions == torch.backends.cpu.get_cpu_capability()
    assert facts.threads == torch.get_num_threads()
    assert len(facts.gpus) == torch.cuda.device_count()
    assert facts.build == (torch.version.cuda or torch.version.hip)
    assert (facts.driver is None) == (shutil.which("nvidia-smi") is None)
    assert (facts.compiler is None) == (shutil.which("gcc") is None)
    if shutil.which("lscpu"):
        flags = Path("/proc/cpuinfo").read_text().split()
        assert all(
            (flag in (facts.cpu or "").split()) == (flag in flags) for flag in ("avx512_fp16", "amx_fp16", "fma")
        )


def test_devices_are_chosen_as_models_choose_them():
    absent = device_facts(f"cuda:{torch.cuda.device_count()}")
    assert "is not available" in absent.problem
    assert "not understood" in device_facts("gpu please").problem
    cpu = device_facts("cpu")
    assert (cpu.device, cpu.index, cpu.problem) == ("cpu", None, "")
    if shutil.which("lscpu"):
        flags = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout.split()
        assert cpu.fast_bf16 == bool({"avx512_bf16", "amx_bf16"} & set(flags))


def test_facts_come_back_from_the_other_process_unchanged():
    gpu = Gpu("H100", (9, 0), 5, 9)
    with_device(DeviceFacts("cuda:0", 0, True), gpu)
    trials._done[TORCH] = Outcome(json.loads(json.dumps(trials._done[TORCH].found)))  # tuples are lists on the way
    facts = compute.torch_seen()
    assert facts is not None and (*facts.gpus[0].capability,) == (9, 0) and facts.gpus[0].name == "H100"
    assert compute.device_seen("auto") == DeviceFacts("cuda:0", 0, True)


@pytest.mark.parametrize(
    ("build", "driver", "visible", "state", "found", "fix"),
    [
        (None, None, None, OK, "no NVIDIA driver", ""),
        ("12.4", None, None, OK, "no NVIDIA driver", ""),
        (None, "550.54", None, WARNING, "550.54, but this torch is for the processor only", "install torch with CUDA"),
        ("12.4", "550.54", "", WARNING, "hides every GPU", "unset CUDA_VISIBLE_DEVICES"),
        ("12.4", "550.54", "-1", WARNING, "hides every GPU", "unset CUDA_VISIBLE_DEVICES"),
        ("12.4", "450.1", "0", WARNING, "under driver 450.1 (RuntimeError: too old)", "update the NVIDIA driver"),
        ("12.4", "450.1", None, WARNING, "torch for CUDA 12.4 sees no GPU", "CUDA 12.4"),
    ],
)
def test_why_there_is_no_cuda(build, driver, visible, state, found, fix):
    facts = TorchFacts("AVX2", 2, build, (), "RuntimeError: too old", driver)
    finding = compute.why_no_cuda(facts, visible)
    assert finding.state == state
    assert found in finding.found
    assert fix in finding.fix


def test_gpus_and_their_precisions():
    old, new = Gpu("Tesla T4", (7, 5), 10**9, 16 * 10**9), Gpu("H100", (9, 0), 70 * 10**9, 80 * 10**9)
    with_device(DeviceFacts("cuda", 0, True), old, new)
    found = by_name(compute.cuda())
    assert found["cuda:0"].found == "Tesla T4, capability 7.5, 1.0 GB of 16.0 GB free"
    assert found["cuda:1"].state == OK
    assert by_name(compute.precisions("auto"))["bf16"].state == WARNING  # torch calls emulation support
    with_device(DeviceFacts("cuda:1", 1, True), old, new)
    assert {finding.state for finding in compute.precisions("auto")} == {OK}


def test_bf16_on_the_processor():
    for fast, state in ((True, OK), (False, WARNING)):
        with_device(DeviceFacts("cpu", None, fast))
        found = by_name(compute.precisions("auto"))
        assert (found["fp32"].state, found["bf16"].state) == (OK, state)


def test_a_device_that_is_not_there_is_missing():
    with_device(DeviceFacts(problem="device 'cuda' is not available"), name="cuda")
    found = by_name(compute.selected_device("cuda", "embedded"))
    assert found["device"].state == MISSING
    assert list(compute.precisions("cuda")) == []


def test_the_engine_that_auto_takes_is_told(monkeypatch):
    with_device(DeviceFacts("cpu"))
    assert "OpenVINO for small models" in by_name(compute.engine("auto"))["engine"].found
    monkeypatch.setattr(compute, "installed_version", lambda name: "")
    found = by_name(compute.engine("auto"))["engine"]
    assert found.state == WARNING and "tr2m_ros[openvino]" in found.fix
    with_device(DeviceFacts("cuda", 0, True), Gpu("H100", (9, 0), 1, 1))
    assert by_name(compute.engine("auto"))["engine"].found == "auto: torch on cuda"


def test_a_package_of_two_extras_is_told_of_once():
    names = [finding.check for finding in software.packages()]
    assert len(names) == len(set(names))


def test_compiling_needs_a_compiler_and_headers(tmp_path, monkeypatch):
    monkeypatch.setattr(compute.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    with_device(DeviceFacts("cpu"), compiler=None)
    found = by_name(compute.compilation("auto"))["torch.compile"]
    assert found.state == WARNING and "no GCC" in found.found and f"no {tmp_path}/Python.h" in found.found
    assert "g++" in found.fix and "-dev" in found.fix
    (tmp_path / "Python.h").touch()
    with_device(DeviceFacts("cpu"))
    found = by_name(compute.compilation("auto"))["torch.compile"]
    assert (found.state, found.found) == (OK, f"GCC (Debian) 12.2.0, {tmp_path}/Python.h")


def test_compiling_for_a_gpu_needs_triton(first):
    with_device(DeviceFacts("cuda", 0, True), Gpu("H100", (9, 0), 1, 1))
    first("triton", "raise ModuleNotFoundError('x', name='triton')")
    found = by_name(compute.compilation("auto"))["torch.compile"]
    assert found.state == WARNING
    assert "no Triton" in found.found and "pip install triton" in found.fix


# ROS


@pytest.fixture
def some_ros(first, monkeypatch):
    """A stand-in for rclpy, found before any real one, and one package of messages that is there."""
    for name in ("ROS_DISTRO", "RMW_IMPLEMENTATION", "ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE",
                 "ROS_LOCALHOST_ONLY"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    first("rclpy.__init__", "x = 1")
    first("rclpy.utilities", "def get_rmw_implementation_identifier(): return 'rmw_some_cpp'")
    first("some_msgs", "x = 1")
    first("tr2m_ros", version="9.9", extras=("ros",),
          requires=('ros-rclpy[fastrtps]~=9.1; platform_machine == "none" and extra == "ros"',
                    'ros-some-msgs; extra == "ros"', 'ros-other-msgs; extra == "ros"'))  # fmt: skip
    return first


@pytest.mark.skipif(not HAS_ROS, reason="ROS is not installed")
def test_ros_as_a_process_with_rclpy_sees_it():
    code = "import rclpy, rclpy.utilities as u; print(rclpy.__file__); print(u.get_rmw_implementation_identifier())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    file, identifier = done.stdout.split()
    loaded = set(sys.modules)  # with other tests of a run, rclpy is among them
    found = by_name(ros.installation())
    assert not {name for name in set(sys.modules) - loaded if name.startswith(("rclpy", "sensor_msgs"))}
    assert found["ROS"].state == OK and str(Path(file).parent) in found["ROS"].found
    assert found["ROS middleware"].found.startswith(identifier)
    assert "sensor_msgs" in found["ROS messages"].found


@pytest.mark.skipif(not HAS_ROS, reason="ROS is not installed")
def test_a_middleware_that_is_not_there(monkeypatch):
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_nonsense_cpp")
    (finding,) = ros.installation()
    assert finding.state == WARNING
    assert "rmw_nonsense_cpp" in finding.found and "unset RMW_IMPLEMENTATION" in finding.fix


def test_ros_messages_and_middleware(some_ros, monkeypatch):
    found = by_name(ros.installation())
    assert found["ROS"].state == OK
    assert found["ROS middleware"].found == "rmw_some_cpp (RMW_IMPLEMENTATION not set)"
    assert found["other_msgs"].state == WARNING and "tr2m_ros[ros]" in found["other_msgs"].fix
    assert "some_msgs" not in found
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    assert by_name(ros.installation())["other_msgs"].fix == "sudo apt-get install ros-jazzy-other-msgs"


def test_without_ros_there_is_one_line(some_ros, monkeypatch, tmp_path):
    some_ros("rclpy.__init__", "raise ModuleNotFoundError('no rclpy', name='rclpy')")
    monkeypatch.setattr(ros, "INSTALLATIONS", tmp_path)
    (finding,) = ros.installation()
    assert finding.state == WARNING and "everything else does" in finding.found and "tr2m_ros[ros]" in finding.fix
    assert [*ros.network(), *ros.cv_bridge()] == []
    for distro in ("humble", "jazzy"):
        (tmp_path / distro).mkdir()
        (tmp_path / distro / "setup.bash").touch()
    (finding,) = ros.installation()
    assert finding.fix == f"source {tmp_path}/jazzy/setup.bash"


def test_a_sourced_ros_of_another_python(some_ros, monkeypatch):
    some_ros("rclpy.__init__", "from rclpy import _rclpy_pybind11")
    monkeypatch.setenv("ROS_DISTRO", "humble")
    (finding,) = ros.installation()
    assert finding.state == WARNING
    assert "_rclpy_pybind11" in finding.found and sys.executable in finding.found
    assert "humble" in finding.fix


@pytest.mark.parametrize(
    ("variables", "check", "state", "found"),
    [
        ({}, "ROS_DOMAIN_ID", OK, "domain 0"),
        ({"ROS_DOMAIN_ID": "42"}, "ROS_DOMAIN_ID", OK, "42"),
        ({"ROS_DOMAIN_ID": "233"}, "ROS_DOMAIN_ID", WARNING, "'233'"),
        ({"ROS_DOMAIN_ID": "robot"}, "ROS_DOMAIN_ID", WARNING, "'robot'"),
        ({}, "ROS discovery", OK, "not set"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, "ROS discovery", OK, "LOCALHOST"),
        ({"ROS_LOCALHOST_ONLY": "1"}, "ROS discovery", OK, "this machine only"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}, "ROS discovery", WARNING, "not found"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "local"}, "ROS discovery", WARNING, "none of"),
    ],
)
def test_ros_network_settings(some_ros, monkeypatch, variables, check, state, found):
    trials._done["rclpy"] = Outcome("somewhere")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    finding = by_name(ros.network())[check]
    assert finding.state == state
    assert found in finding.found


def test_receive_buffer(tmp_path):
    file = tmp_path / "rmem_max"
    for size, state in ((212992, WARNING), (2 * 1024 * 1024, OK)):
        file.write_text(f"{size}\n")
        finding = ros.receive_buffer(file)
        assert finding.state == state
        assert f"{size:,}" in finding.found
    assert ros.receive_buffer(tmp_path / "nothing").state == WARNING


BRIDGE = """
import numpy
class CvBridge:
    def cv2_to_imgmsg(self, array, encoding):
        assert encoding == "bgr8"
        return array.tobytes()
    def imgmsg_to_cv2(self, message, encoding):
        assert encoding == "rgb8"
        return numpy.frombuffer(message, numpy.uint8).reshape(2, 3, 3){order}
"""


@pytest.mark.parametrize(
    ("code", "state", "found"),
    [
        (BRIDGE.format(order="[..., ::-1]"), OK, "converts"),
        (BRIDGE.format(order=""), WARNING, "other pixels"),
        ("raise ImportError('numpy.core.multiarray failed to import')", WARNING, "numpy.core.multiarray"),
        ("import os; os.abort()", WARNING, "signal 6"),
        ("raise ModuleNotFoundError('x', name='cv_bridge')", WARNING, "not installed"),
    ],
)
def test_cv_bridge_is_tried(some_ros, code, state, found):
    trials._done["rclpy"] = Outcome("somewhere")
    some_ros("cv_bridge", code)
    (finding,) = ros.cv_bridge()
    assert finding.state == state
    assert found in finding.found
    assert (state == OK) == (trials._done[CV_BRIDGE].error == "")
    assert RMW not in trials._done


FACTS = {
    "middleware": "rmw_fastrtps_cpp",
    "own_settings": [],
    "export_line": "export FASTDDS_DEFAULT_PROFILES_FILE=/p.xml",
    "lacking_memory": "",
    "rows": 4,
}


def sent(reliability, arrived, with_profile=False):
    """A line of `tr2m_ros.transport_check`."""
    kind = {"width": 640, "height": 480, "bytes": 921600, "reliability": reliability}
    return {**kind, "with_profile": with_profile, "sent": 30, "arrived": arrived}


def test_lines_become_a_row_per_kind():
    lines = [sent("best_effort", 2), sent("reliable", 30), sent("best_effort", 29, True), sent("reliable", 30, True)]
    assert transport.arrivals(lines) == (
        Arrivals("640x480", 0.9, "best_effort", 30, 2, 29),
        Arrivals("640x480", 0.9, "reliable", 30, 30, 30),
    )
    assert [row.with_profile for row in transport.arrivals(lines[:2])] == [None, None]


@pytest.mark.parametrize(
    ("facts", "best_effort", "reliable", "state", "found", "fix"),
    [
        ({}, (30, None), (30, None), OK, "0 of 30 best-effort images lost, 0 of 30 reliable ones", ""),
        ({}, (2, 30), (30, 30), WARNING, "28 of 30 best-effort images lost", "export FASTDDS_DEFAULT_PROFILES_FILE=/p"),
        ({}, (2, 30), (30, 30), WARNING, "; none of either with config/dds/fastdds.xml", "(where the camera's driver"),
        ({}, (2, 25), (30, 29), WARNING, "; 6 of either with config/dds/fastdds.xml", "export FASTDDS_DEFAULT"),
        ({"own_settings": ["X"]}, (2, 30), (30, 30), WARNING, "28 of 30", "is started, in place of X)"),
        ({}, (2, 2), (20, 20), WARNING, "10 of 30 reliable", "send reliably, or send less"),
        ({"middleware": "rmw_cyclonedds_cpp"}, (2, None), (30, None), WARNING, "rmw_cyclonedds_cpp: 28", "send less"),
        ({"lacking_memory": "8 MB free: many may be lost; enlarge it"}, (2, None), (30, None), WARNING, "; 8 MB free",
         "enlarge it; export FASTDDS"),
    ],
)  # fmt: skip
def test_what_is_lost_and_what_would_help(facts, best_effort, reliable, state, found, fix):
    rows = tuple(
        Arrivals("640x480", 0.9, kind, 30, *counts)
        for kind, counts in (("best_effort", best_effort), ("reliable", reliable))
    )
    finding = transport.judge(FACTS | facts, rows)
    assert (finding.state, finding.rows) == (state, rows)
    assert found in finding.found
    assert fix in finding.fix and bool(fix) == bool(finding.fix)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def main(): raise ValueError('two\\nlines')", "not checked: lines"),
        ("import os; os._exit(3)", "not checked: the process that tries it ended with code 3"),
        (f"import json; print(json.dumps({FACTS!r})); main = int", "not checked: the process that tries it ended"),
        ("import time; time.sleep(60)", "not checked: not done after 3 s"),
    ],
)
def test_a_transport_that_cannot_be_checked(some_ros, first, monkeypatch, code, found):
    monkeypatch.setattr(transport, "LIMIT", 3.0 if "sleep" in code else 60.0)
    first("tr2m_ros.__init__", "pass")
    first("tr2m_ros.transport_check", code)
    finding = transport.transport(lambda done, total: None)
    assert finding.state == WARNING and finding.rows == ()
    assert finding.found.startswith(found) and finding.fix
    assert "\n" not in finding.found


def test_images_are_not_sent_without_rclpy(first):
    first("rclpy", "raise ImportError('wrong build')")
    finding = transport.transport(lambda done, total: None)
    assert finding.rows == () and finding.found == "not checked: rclpy cannot be imported (ImportError: wrong build)"


# The model


@pytest.fixture
def directory(tiny_paper, tmp_path):
    return Path(shutil.copytree(tiny_paper, tmp_path / "tiny"))


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """An empty folder for released heads and records."""
    monkeypatch.setenv("TR2M_HOME", str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_every_part_is_named_with_its_hash(directory, weights):
    found = by_name(model.parts(str(directory), NO_OVERRIDES))
    files = {"relative_depth": "relative_depth/model.safetensors", "image_encoder": "image_encoder/model.safetensors",
             "text_encoder": "text_encoder/model.safetensors", "rescale_head": "rescale_head.safetensors"}  # fmt: skip
    assert set(found) == {f"model: {role}" for role in files}
    for role, name in files.items():
        digest = hashlib.sha256((directory / name).read_bytes()).hexdigest()
        assert found[f"model: {role}"].state == OK
        assert str(directory / name) in found[f"model: {role}"].found
        assert digest[:12] in found[f"model: {role}"].found


def test_a_missing_and_a_damaged_file(directory, weights):
    (directory / "image_encoder" / "model.safetensors").unlink()
    file = directory / "relative_depth" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    found = by_name(model.parts(str(directory), NO_OVERRIDES))
    assert found["model: image_encoder"].state == MISSING
    assert "model.safetensors" in found["model: image_encoder"].found
    assert "--image-encoder" in found["model: image_encoder"].fix
    assert found["model: relative_depth"].state == MISSING
    assert f"{file}: damaged" in found["model: relative_depth"].found
    assert found["model: rescale_head"].state == found["model: text_encoder"].state == OK


def test_parts_are_compared_with_the_record_of_their_download(directory, weights, monkeypatch):
    from tr2m_core.weights.ledger import describe, write_record

    head = directory / "rescale_head.safetensors"
    write_record(weights / "tiny.json", "tiny", [describe(head, head.name, "someone/tiny", "1234")])
    (weights / "notes.json").write_text("[1, 2]")
    (weights / "broken.json").write_text("{")
    finding = by_name(model.parts(str(directory), NO_OVERRIDES))["model: rescale_head"]
    assert finding.state == OK and finding.found.endswith("as downloaded")
    with monkeypatch.context() as patched:
        patched.setattr(model, "HASHED", 10)
        finding = by_name(model.parts(str(directory), NO_OVERRIDES))["model: rescale_head"]
        assert finding.state == OK and finding.found.endswith("of the recorded size") and "sha256" not in finding.found
    content = bytearray(head.read_bytes())
    content[-1] ^= 1
    head.write_bytes(content)
    finding = by_name(model.parts(str(directory), NO_OVERRIDES))["model: rescale_head"]
    assert finding.state == WARNING and "changed" in finding.found and "delete it" in finding.fix


def test_models_and_parts_that_are_not_here(directory, weights, tmp_path):
    (unknown,) = model.parts("nonsense", NO_OVERRIDES)
    assert unknown.state == MISSING and "nonsense" in unknown.found
    (uncached,) = model.parts("someone/never-published", NO_OVERRIDES)
    assert uncached.state == MISSING and "tr2m download someone/never-published" in uncached.fix
    (encoder,) = model.parts(str(directory), Overrides(image_encoder="someone/never-published"))
    assert encoder.state == MISSING and "someone/never-published/model.safetensors" in encoder.found
    (head,) = model.parts(str(directory), Overrides(checkpoint=tmp_path / "no.pth"))
    assert head.state == MISSING and "no.pth" in head.found and head.fix


@pytest.fixture(scope="module")
def graph(tiny_paper, tmp_path_factory):
    """The tiny model as an ONNX graph with its weights in a second file."""
    pytest.importorskip("onnx", reason="the extra [onnx] is not installed")
    from tr2m_core.export.onnx import export_onnx
    from tr2m_core.model.tr2m import load_model

    path = tmp_path_factory.mktemp("graph") / "tiny.onnx"
    export_onnx(load_model(tiny_paper), path, (42, 56), one_file_limit=1000)
    return path


def test_a_graph_and_what_belongs_beside_it(graph, first, tmp_path):
    first("onnxruntime", "__version__ = '1.19'")
    found = by_name(model.parts(str(graph), NO_OVERRIDES))
    assert {name: finding.state for name, finding in found.items()} == {
        "model: graph": OK, "model: weights": OK, "model: text_encoder": OK}  # fmt: skip
    alone = Path(shutil.copy(graph, tmp_path / "renamed.onnx"))
    found = by_name(model.parts(str(alone), NO_OVERRIDES))
    assert found["model: weights"].state == found["model: text_encoder"].state == MISSING
    assert found["model: weights"].found == f"{tmp_path / 'tiny.onnx.data'}: missing"
    (tmp_path / "other.onnx").write_bytes(b"")
    for path in (tmp_path / "other.onnx", tmp_path / "no.onnx"):
        assert [finding.state for finding in model.parts(str(path), NO_OVERRIDES)] == [MISSING]


def test_a_graph_needs_onnxruntime(graph, first):
    first("onnxruntime", "raise ModuleNotFoundError('x', name='onnxruntime')")
    finding = by_name(model.parts(str(graph), NO_OVERRIDES))["model: onnxruntime"]
    assert finding.state == MISSING and "tr2m_ros[onnx]" in finding.fix


def test_metadata_are_read_as_onnx_reads_them(graph):
    import onnx

    properties = {entry.key: entry.value for entry in onnx.load(graph, load_external_data=False).metadata_props}
    assert len(properties["tr2m_config"]) > 128  # its length takes two bytes
    content = graph.read_bytes()
    assert {key: model.metadata_entry(content, key) for key in properties} == properties
    assert model.metadata_entry(content, "nothing") is None
    assert model.metadata_entry(b"\n\x01k\x12\xff", "k") is None  # ends within the length


# Memory and disks


def test_free_memory_is_the_kernels(tmp_path):
    file = tmp_path / "meminfo"
    file.write_text("MemTotal:       2000 kB\nMemFree:         100 kB\nMemAvailable:    512 kB\n")
    assert resources.free_memory(file) == 512 * 1024
    assert 0 < resources.free_memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_parameters_are_those_of_the_networks():
    from transformers import (
        CLIPTextConfig,
        CLIPTextModelWithProjection,
        DepthAnythingConfig,
        DepthAnythingForDepthEstimation,
        Dinov2Config,
        Dinov2Model,
    )

    def depth_anything(width, layers, heads, neck, fusion):
        stages = [f"stage{i}" for i in range(layers - 3, layers + 1)]
        backbone = Dinov2Config(hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, image_size=518,
                                patch_size=14, out_features=stages, reshape_hidden_states=False)  # fmt: skip
        return DepthAnythingForDepthEstimation(
            DepthAnythingConfig(backbone_config=backbone, reassemble_hidden_size=width, neck_hidden_sizes=neck,
                                fusion_hidden_size=fusion, head_hidden_size=32))  # fmt: skip

    with torch.device("meta"):
        networks = {
            "LiheYoung/depth-anything-small-hf": depth_anything(384, 12, 6, [48, 96, 192, 384], 64),
            "LiheYoung/depth-anything-base-hf": depth_anything(768, 12, 12, [96, 192, 384, 768], 128),
            "LiheYoung/depth-anything-large-hf": depth_anything(1024, 24, 16, [256, 512, 1024, 1024], 256),
            "facebook/dinov2-large": Dinov2Model(
                Dinov2Config(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, image_size=518)
            ),
            "openai/clip-vit-large-patch14": CLIPTextModelWithProjection(
                CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12, projection_dim=768)
            ),
        }
        head = RescaleHead(RescaleHeadConfig())
    for source, network in networks.items():
        count = sum(parameter.numel() for parameter in network.parameters())
        assert resources.PARAMETERS[source] == pytest.approx(count, rel=0.01)
    assert sum(p.numel() for p in head.parameters()) == pytest.approx(resources.RELEASED_HEAD_PARAMETERS, rel=0.01)


def test_needed_memory_is_what_was_measured(directory):
    assert resources.needed_memory(find_model("paper")) == pytest.approx(2.4 * 2**30, rel=0.1)
    assert resources.needed_memory(find_model("paper-large")) == pytest.approx(3.5 * 2**30, rel=0.1)
    tiny = resources.needed_memory(find_model(directory)) - resources.RUNTIME
    stored = sum(file.stat().st_size for file in directory.rglob("*.safetensors"))
    assert tiny == stored + resources.PER_PIXEL * 42 * 56


def test_memory_that_suffices_and_that_does_not():
    paper = find_model("paper")
    assert resources.fits(paper, 4e9, None).state == OK
    assert resources.fits(paper, 2e9, None).state == WARNING
    assert resources.fits(paper, 8e9, 4e9).state == OK
    assert resources.fits(paper, 8e9, 2e9).state == WARNING
    assert resources.fits(paper, 4e9, 4e9).state == WARNING  # no room for the copy on its way to the GPU


def test_memory_has_a_line_per_model(directory):
    with_device(DeviceFacts("cuda:1", 1, True), Gpu("A", (8, 0), 10**9, 10**9), Gpu("B", (9, 0), 77 * 10**9, 10**11))
    found = by_name(resources.memory(str(directory), NO_OVERRIDES, "auto"))
    assert set(found) == {f"memory: {name}" for name in ("embedded", "paper", "paper-base", "paper-large", "tiny")}
    assert all("77.0 GB free" in finding.found for finding in found.values())


def test_downloads_and_the_room_for_them(tmp_path, monkeypatch, weights):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = by_name(resources.downloads("paper"))
    assert "HF_HUB_OFFLINE=1" in found["downloads"].found
    assert str(weights) in found["released heads"].found and "adds 76.0 MB" in found["released heads"].found
    weights.mkdir()
    (weights / "da_s_vitl_vitl.pth").touch()
    assert "adds nothing" in by_name(resources.downloads("paper"))["released heads"].found
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    assert "allowed" in by_name(resources.downloads("embedded"))["downloads"].found
    free = shutil.disk_usage(tmp_path).free
    assert resources.room("Hub cache", tmp_path / "a" / "b", "HF_HOME", free / 2, "paper").state == OK
    full = resources.room("Hub cache", tmp_path / "a" / "b", "HF_HOME", free * 2, "paper")
    assert full.state == WARNING and "HF_HOME" in full.fix


def test_room_in_shared_memory(monkeypatch, tmp_path):
    """What training as published needs is that of its configuration."""
    paper = Path(__file__).resolve().parents[2] / "config" / "train" / "paper.yaml"
    assert shared_memory(read_config(paper, [])) == pytest.approx(resources.LOADING, rel=0.01)
    assert [finding.state for finding in resources.shared_memory(tmp_path)] == [OK]
    monkeypatch.setattr(resources, "LOADING", 1e18)
    assert [finding.state for finding in resources.shared_memory(tmp_path)] == [WARNING]
    assert list(resources.shared_memory(tmp_path / "none")) == []
