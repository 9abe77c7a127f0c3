from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tr2m_core import __version__
from tr2m_core.cli.main import main
from tr2m_core.doctor import transport, trials

ROOT = Path(__file__).resolve().parents[2]
FACTS = {"middleware": "m", "own_settings": [], "export_line": "export A=b", "lacking_memory": "", "rows": 2}
KIND = {"width": 640, "height": 480, "bytes": 921600, "reliability": "best_effort", "sent": 30}
LINES = [KIND | {"with_profile": False, "arrived": 2}, KIND | {"with_profile": True, "arrived": 30}]
KEYS = ["check", "state", "found", "fix"]


def examined(capsys, *arguments):
    """Exit code and the findings by check, in this process; what was tried once is not tried again."""
    code = main(["doctor", "--json", *arguments])
    findings = json.loads(capsys.readouterr().out)
    assert all(list(finding) == KEYS for finding in findings)
    assert code == any(finding["state"] == "missing" for finding in findings)
    assert not [finding for finding in findings if "could not be checked" in finding["found"]]
    return code, {finding["check"]: finding for finding in findings}


def in_another_process(*arguments, **environment):
    """The finished process of a plain `tr2m doctor` with this environment."""
    command = [sys.executable, "-m", "tr2m_core", "doctor", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}, check=False
    )


def rows(table):
    """The lines of a plain table, cut into cells at the columns of its header."""
    lines = table.splitlines()
    starts = [match.start() for match in re.finditer(r"-+", lines[1])]
    return [
        [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
        for line in lines[: next(i for i, line in enumerate(lines) if line.startswith("model '"))]
    ]


def test_this_machine(capsys):
    code, found = examined(capsys)
    assert code == 0
    assert found["tr2m"]["found"] == __version__
    assert found["torch"]["found"] == importlib.metadata.version("torch")
    assert found["numpy"]["found"] == importlib.metadata.version("numpy")
    assert f"{torch.get_num_threads()} threads for {os.cpu_count()} CPUs" in found["processor"]["found"]
    assert found["device"]["found"].startswith("cuda" if torch.cuda.is_available() else "cpu")
    assert ("cuda:0" in found) == torch.cuda.is_available()
    assert {"model: relative_depth", "model: text_encoder", "model: rescale_head"} <= set(found)
    assert {"networks", "ROS", "torch.compile", "memory: paper", "Hub cache", "downloads"} <= set(found)


def test_the_table_says_what_the_json_says(capsys):
    main(["doctor", "--json"])
    findings = json.loads(capsys.readouterr().out)
    assert main(["doctor"]) == 0
    table = capsys.readouterr().out
    header, _, *cells = rows(table)
    assert header == KEYS

    def without_sizes(text):  # of memory and disk, which change between two looks
        return re.sub(r"[\d.]+ [GM]B", "", text)

    assert [[without_sizes(cell) for cell in row] for row in cells] == [
        [without_sizes(finding[key]) for key in KEYS] for finding in findings
    ]
    assert table.splitlines()[-1] == "model 'embedded' has all it needs here"


def test_a_model_with_a_missing_file_cannot_run(capsys, tiny_paper, tmp_path):
    code, found = examined(capsys, "--model", str(tiny_paper))
    assert code == 0
    assert found["model: image_encoder"]["state"] == "ok"
    code, found = examined(capsys, "--model", str(tiny_paper), "--checkpoint", str(tmp_path / "no.pth"))
    assert code == 1
    assert "no.pth" in found["model"]["found"]


def test_a_model_that_does_not_exist(capsys):
    code, found = examined(capsys, "--model", "nonsense")
    assert code == 1
    assert "nonsense" in found["model"]["found"]


def test_a_bare_machine(tmp_path):
    """No torch, no OpenCV, no rich, no compilers, no weights: all of it is said, and nothing is fetched."""
    for name in ("torch", "cv2", "rich", "rclpy"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{name}'\", name='{name}')")
    (tmp_path / "accelerate.py").write_text("raise ImportError('wrong build')")
    python_path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = in_another_process(
        "--model", "paper", PYTHONPATH=python_path, PATH=str(tmp_path), HF_HOME=str(tmp_path / "hub"),
        TR2M_HOME=str(tmp_path / "heads"), HF_HUB_OFFLINE="0", ROS_DISTRO="",
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = {check: (state, text, fix) for check, state, text, fix in rows(done.stdout)}
    assert found["torch"][0] == "missing" and "pip install" in found["torch"][2]
    assert found["opencv-python-headless"][0] == found["rich"][0] == found["ROS"][0] == "warning"
    if "accelerate" in found:  # which is so where this package is installed with its extras
        assert found["accelerate"][0] == "warning" and "wrong build" in found["accelerate"][1]
    for role, file in (
        ("relative_depth", "LiheYoung/depth-anything-small-hf/model.safetensors"),
        ("image_encoder", "facebook/dinov2-large/model.safetensors"),
        ("text_encoder", "openai/clip-vit-large-patch14/tokenizer.json"),
        ("rescale_head", str(tmp_path / "heads" / "da_s_vitl_vitl.pth")),
    ):
        state, text, fix = found[f"model: {role}"]
        assert state == "missing" and file in text and "tr2m download paper" in fix
    assert "adds 3.0 GB" in found["Hub cache"][1] and str(tmp_path / "hub") in found["Hub cache"][1]
    assert "adds 76.0 MB" in found["released heads"][1]
    assert not (tmp_path / "heads").exists()
    assert not list(tmp_path.glob("hub/**/*.safetensors"))
    assert re.search(r"model 'paper' cannot run here: \d+ missing\n$", done.stdout)


def test_no_compiler_is_a_warning_only(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(trials, "_done", {})  # what earlier tests have found
    code, found = examined(capsys)
    assert code == 0
    assert found["torch.compile"]["state"] == "warning"
    assert "apt-get install g++" in found["torch.compile"]["fix"]


def test_a_device_that_is_not_there(capsys):
    code, found = examined(capsys, "--device", "cuda:99")
    assert code == 1
    assert found["device"]["state"] == "missing" and "cuda:99" in found["device"]["found"]


def test_without_ros_no_images_can_be_sent(tmp_path):
    (tmp_path / "rclpy.py").write_text("raise ImportError('wrong build')")
    done = in_another_process("--ros", "--json", PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert done.returncode == 1
    why = "not checked: rclpy cannot be imported (ImportError: wrong build)"
    assert done.stderr == f"tr2m: error: --ros: {why}\n"
    assert json.loads(done.stdout)[-1] == {
        "check": "ROS transport", "state": "warning", "found": why, "fix": "see ROS", "rows": []}  # fmt: skip


@pytest.mark.skipif(importlib.util.find_spec("rclpy") is None, reason="needs ROS")
def test_images_are_sent(capsys, monkeypatch):
    monkeypatch.setattr(transport, "COUNT", 2)
    assert main(["doctor", "--ros", "--json"]) == 0
    *_, finding = json.loads(capsys.readouterr().out)
    assert list(finding) == [*KEYS, "rows"]
    assert [(row["size"], row["reliability"], row["sent"]) for row in finding["rows"]] == [
        (size, how, 2) for size in ("640x480", "1280x720", "1920x1080") for how in ("best_effort", "reliable")
    ]
    assert finding["state"] == ("ok" if all(row["arrived"] == 2 for row in finding["rows"]) else "warning")
    monkeypatch.setattr(transport, "_run", lambda *_: (FACTS, LINES, ""))
    assert main(["doctor", "--ros"]) == 0
    table = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert [line.split() for line in table[2:]] == [["640x480", "0.9", "best_effort", "30", "2", "30"]]


SHOW = """
from tr2m_core.cli.doctor import show
from tr2m_core.doctor.finding import Finding
show([Finding("a", "ok", {long!r}), Finding("b", "missing", "nothing", "pip install [b]")])
"""


def test_on_a_terminal_each_fix_stands_under_its_finding():
    long = f"/{'folder/' * 20}file"
    reader, terminal = pty.openpty()
    command = [sys.executable, "-c", SHOW.format(long=long)]
    subprocess.run(command, stdout=terminal, cwd=ROOT, env={**os.environ, "COLUMNS": "60", "TERM": "xterm"}, check=True)
    os.close(terminal)
    output = os.read(reader, 1 << 16).decode()
    os.close(reader)
    assert "\x1b[1;31mmissing" in output  # bold red
    lines = re.sub(r"\x1b\[[\d;]*m", "", output).splitlines()
    assert max(len(line) for line in lines) <= 60
    assert "".join("".join(lines[1:-2]).split()) == f"aok{long}"  # folded, not cut off
    assert lines[-2].split() == ["b", "missing", "nothing"]
    assert lines[-1].strip() == "fix: pip install [b]"
