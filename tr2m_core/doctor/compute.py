"""What computes: processor, CUDA, precisions, torch.compile; without torch nothing, which `packages` has said."""

from __future__ import annotations

import os
import platform
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tr2m_core.doctor.finding import MISSING, OK, WARNING, Finding, gigabytes
from tr2m_core.doctor.software import installed_version
from tr2m_core.doctor.torch_facts import DeviceFacts, Gpu, TorchFacts
from tr2m_core.doctor.trials import DEVICE, NETWORKS, TORCH, attempt

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
        yield why_no_cuda(facts, os.environ.get("CUDA_VISIBLE_DEVICES"))


def why_no_cuda(facts: TorchFacts, visible: str | None) -> Finding:
    """visible: CUDA_VISIBLE_DEVICES."""
    if facts.driver is None:
        return Finding("CUDA", OK, "no NVIDIA driver here; everything runs on the processor")
    if facts.build is None:
        found = f"there is an NVIDIA driver, {facts.driver}, but this torch is for the processor only"
        return Finding("CUDA", WARNING, found, INSTALL_CUDA)
    if visible is not None and visible.strip() in ("", "-1"):
        found = f"CUDA_VISIBLE_DEVICES={visible!r} hides every GPU"
        return Finding("CUDA", WARNING, found, "unset CUDA_VISIBLE_DEVICES")
    found = (
        f"torch for CUDA {facts.build} sees no GPU under driver {facts.driver} ({facts.reason or 'no reason given'})"
    )
    return Finding("CUDA", WARNING, found, f"update the NVIDIA driver to one for CUDA {facts.build}, or {INSTALL_CUDA}")


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
        bf16, fp16 = chosen.fast_bf16, bool({"avx512_fp16", "amx_fp16"} & set((facts.cpu or "").split()))
        slow, fix = (
            "emulated by this processor, several times slower than fp32 or worse",
            "use fp32, as --precision auto does",
        )
    for precision, native in (("bf16", bf16), ("fp16", fp16)):
        yield Finding(precision, OK, f"native on {chosen.device}") if native else Finding(precision, WARNING, slow, fix)


def engine(name: str) -> Iterator[Finding]:
    """What `engine: auto` takes for a model as small as the embedded one."""
    chosen = device_seen(name)
    if chosen is None or chosen.problem:
        return
    if chosen.index is not None:
        yield Finding("engine", OK, f"auto: torch on {chosen.device}")
    elif all(map(installed_version, ("openvino", "onnx"))):
        yield Finding("engine", OK, "auto: OpenVINO for small models such as embedded, torch for others")
    else:
        yield Finding(
            "engine", WARNING, "without OpenVINO the embedded model is slower", "pip install 'tr2m_ros[openvino]'"
        )


def compilation(name: str) -> Iterator[Finding]:
    """What torch.compile needs: Python's headers, a compiler; for CUDA also Triton."""
    facts, chosen = torch_seen(), device_seen(name)
    if facts is None or chosen is None or chosen.problem:
        return
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    lacking: dict[str, str] = {}
    if facts.compiler is None:
        lacking["no GCC"] = "sudo apt-get install g++"
    if not headers.is_file():
        lacking[f"no {headers}"] = f"sudo apt-get install python{sysconfig.get_python_version()}-dev"
    if chosen.index is not None and attempt(["triton"])["triton"].error:
        lacking["no Triton"] = "pip install triton"
    if lacking:
        found = f"{', '.join(lacking)}; everything works without --compile"
        yield Finding("torch.compile", WARNING, found, "; ".join(lacking.values()))
    else:
        yield Finding("torch.compile", OK, f"GCC {facts.compiler}, {headers}")
