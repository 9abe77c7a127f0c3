"""What computes: processor, CUDA, precisions, torch.compile; without torch nothing, which `packages` has said."""

from __future__ import annotations

import os
import platform
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tr2m_core.doctor.finding import MISSING, OK, WARNING, Finding, gigabytes
from tr2m_core.doctor.torch_facts import DeviceFacts, Gpu, TorchFacts
from tr2m_core.doctor.trials import DEVICE, NETWORKS, TORCH, attempt

# A driver by the kernel's account, or NVIDIA's Jetson.
DRIVER_SIGNS = (Path("/proc/driver/nvidia/version"), Path("/etc/nv_tegra_release"))
NVIDIA, DISPLAY_CLASS = "0x10de", "0x03"  # of PCI devices
INSTALL_CUDA = "install torch with CUDA, see https://pytorch.org/get-started/locally/"


def trials(device: str) -> list[str]:
    """What these checks have tried."""
    return [NETWORKS, TORCH, f"{DEVICE}{device}"]


def torch_seen() -> TorchFacts | None:
    """None where torch cannot be imported."""
    outcome = attempt([TORCH])[TORCH]
    if outcome.error:
        return None
    gpus = [Gpu(**gpu) for gpu in outcome.found["gpus"]]
    return TorchFacts(**outcome.found | {"gpus": tuple(gpus)})


def device_seen(name: str) -> DeviceFacts | None:
    """None where the networks cannot be imported."""
    outcome = attempt([f"{DEVICE}{name}"])[f"{DEVICE}{name}"]
    return None if outcome.error else DeviceFacts(**outcome.found)


def processor() -> Iterator[Finding]:
    """Threads and instruction set that torch uses."""
    if facts := torch_seen():
        found = f"{facts.instructions}, {facts.threads} threads for {os.cpu_count()} CPUs, {platform.machine()}"
        if platform.machine() == "x86_64" and "AVX" not in facts.instructions:
            yield Finding("processor", WARNING, found, "without AVX2 models are slow: use another machine or a GPU")
        else:
            yield Finding("processor", OK, found)


def cuda() -> Iterator[Finding]:
    """The GPUs that torch sees, or why it sees none."""
    facts = torch_seen()
    if facts is None:
        return
    for index, gpu in enumerate(facts.gpus):
        capability = ".".join(str(number) for number in gpu.capability)
        memory = f"{gigabytes(gpu.free)} of {gigabytes(gpu.total)} free"
        yield Finding(f"cuda:{index}", OK, f"{gpu.name}, capability {capability}, {memory}")
    if not facts.gpus:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        yield why_no_cuda(facts, driver=has_driver(), hardware=has_hardware(), visible=visible)


def why_no_cuda(facts: TorchFacts, *, driver: bool, hardware: bool, visible: str | None) -> Finding:
    """driver, hardware: whether there is one of NVIDIA; visible: CUDA_VISIBLE_DEVICES."""
    if not driver and not hardware:
        return Finding("CUDA", OK, "no NVIDIA GPU here; everything runs on the processor")
    if not driver:
        fix = "install the NVIDIA driver; in a container, start it with --gpus all"
        return Finding("CUDA", WARNING, "there is an NVIDIA GPU, but no driver for it", fix)
    if facts.build is None:
        found = "there is an NVIDIA driver, but this torch is for the processor only"
        return Finding("CUDA", WARNING, found, INSTALL_CUDA)
    if visible is not None and visible.strip() in ("", "-1"):
        found = f"CUDA_VISIBLE_DEVICES={visible!r} hides every GPU"
        return Finding("CUDA", WARNING, found, "unset CUDA_VISIBLE_DEVICES")
    found = f"torch for CUDA {facts.build} sees no GPU ({facts.reason or 'no reason given'})"
    return Finding("CUDA", WARNING, found, f"update the NVIDIA driver to one for CUDA {facts.build}, or {INSTALL_CUDA}")


def has_driver() -> bool:
    return any(sign.exists() for sign in DRIVER_SIGNS) or shutil.which("nvidia-smi") is not None


def has_hardware(devices: Path = Path("/sys/bus/pci/devices")) -> bool:
    """Whether an NVIDIA GPU is on the PCI bus."""
    for device in devices.glob("*"):
        try:
            vendor, kind = (device / "vendor").read_text().strip(), (device / "class").read_text().strip()
        except OSError:
            continue
        if vendor == NVIDIA and kind.startswith(DISPLAY_CLASS):
            return True
    return False


def networks() -> Iterator[Finding]:
    """Whether this torch and this transformers go together; where one cannot be imported, `packages` has said so."""
    outcome = attempt([NETWORKS])[NETWORKS]
    if not outcome.error:
        yield Finding("networks", OK, "torch and transformers go together")
    elif not any(other.error for other in attempt(["torch", "transformers"]).values()):
        fix = "unset USE_TORCH and USE_TF; install the releases that constraints.txt names"
        yield Finding("networks", MISSING, f"cannot be imported ({outcome.error})", fix)


def selected_device(name: str, model: str) -> Iterator[Finding]:
    """Whether the device that was asked for is there and computes."""
    chosen = device_seen(name)
    if chosen is None or model.endswith(".onnx"):  # onnxruntime has devices of its own
        return
    if chosen.problem:
        yield Finding("device", MISSING, chosen.problem, "--device cpu")
    else:
        yield Finding("device", OK, f"{chosen.device} (asked for: {name})")


def precisions(name: str) -> Iterator[Finding]:
    """fp32, bf16 and fp16 on the device."""
    facts, chosen = torch_seen(), device_seen(name)
    if facts is None or chosen is None or chosen.problem:
        return
    yield Finding("fp32", OK, f"on {chosen.device}")
    if chosen.index is not None:
        major, minor = facts.gpus[chosen.index].capability
        bf16, fp16 = major >= 8, True
        slow, fix = f"emulated: capability {major}.{minor}, 8.0 is needed", "use --precision fp16 or fp32"
    else:
        bf16, fp16 = chosen.fast_bf16, bool({"avx512_fp16", "amx_fp16"} & processor_flags())
        slow, fix = (
            "emulated by this processor, several times slower than fp32 or worse",
            "use fp32, as --precision auto does",
        )
    for precision, native in (("bf16", bf16), ("fp16", fp16)):
        yield Finding(precision, OK, f"native on {chosen.device}") if native else Finding(precision, WARNING, slow, fix)


def processor_flags() -> set[str]:
    try:
        return set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return set()


def compilation(name: str) -> Iterator[Finding]:
    """What torch.compile needs: Python's headers, a C++ compiler; for CUDA a C compiler and Triton."""
    chosen = device_seen(name)
    if chosen is None or chosen.problem:
        return
    on_gpu = chosen.index is not None
    compiler = find_compiler("CC", ("gcc", "clang")) if on_gpu else find_compiler("CXX", ("g++",))
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    lacking: dict[str, str] = {}
    if compiler is None:
        lacking["no C compiler" if on_gpu else "no C++ compiler"] = "sudo apt-get install g++"
    if not headers.is_file():
        lacking[f"no {headers}"] = f"sudo apt-get install python{sysconfig.get_python_version()}-dev"
    if on_gpu and attempt(["triton"])["triton"].error:
        lacking["no Triton"] = "pip install triton"
    if lacking:
        found = f"{', '.join(lacking)}; everything works without --compile"
        yield Finding("torch.compile", WARNING, found, "; ".join(dict.fromkeys(lacking.values())))
    else:
        yield Finding("torch.compile", OK, f"{compiler}, {headers}")


def find_compiler(variable: str, commands: tuple[str, ...]) -> str | None:
    """The path of the compiler that the environment variable names, else of the first of `commands` that is there."""
    if named := os.environ.get(variable):
        return shutil.which(named)  # torch and Triton too take it for one command without arguments
    return next((path for command in commands if (path := shutil.which(command))), None)
