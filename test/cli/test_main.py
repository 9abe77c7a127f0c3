from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tr2m_core import __version__
from tr2m_core.cli import main as entry
from tr2m_core.console import format_table
from tr2m_core.errors import InputError

SMOKE = str(Path(__file__).resolve().parents[2] / "config" / "train" / "smoke.yaml")


def exit_code(arguments):
    """main's result, or the code it leaves with for --help and --version."""
    try:
        return entry.main(arguments)
    except SystemExit as leaving:
        return leaving.code


def test_version_and_help(capsys):
    assert exit_code(["--version"]) == 0
    assert capsys.readouterr().out == f"tr2m {__version__}\n"
    assert exit_code(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"tr2m {verb}" in text for verb in entry.VERBS)


@pytest.mark.parametrize("verb", entry.VERBS)
def test_every_verb_explains_itself_with_examples(capsys, verb):
    assert exit_code([verb, "--help"]) == 0
    assert f"  tr2m {verb} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "VERB"),
        (["paint"], "paint"),
        (["infer"], "IMAGE"),
        (["infer", "a.png", "--text", "x", "-o", "out", "--nonsense"], "--nonsense"),
        (["infer", "a.png", "--text", "x", "-o", "out", "--size", "0x100"], "must be positive"),
        (["infer", "a.png", "--text", "x", "-o", "out", "--size", "big"], "HEIGHTxWIDTH"),
        (["replay", "bag", "-o", "out", "--fail-above", "abs_rel"], "METRIC=NUMBER"),
        (["replay", "bag", "-o", "out", "--fail-above", "nope=0.3"], "METRIC=NUMBER"),
        (["replay", "bag", "-o", "out", "--tolerance", "-1"], "--tolerance"),
        (["replay", "bag", "-o", "out", "--min-depth", "5", "--max-depth", "2"], "depth range"),
        (["evaluate"], "data set"),
        (["evaluate", "moon"], "moon"),
        (["evaluate", "frames"], "--root"),
        (["evaluate", "procedural", "--count", "0"], "--count"),
        (["evaluate", "procedural", "--seed", "-1"], "--seed: invalid seed value: '-1'"),
        (["infer", "a.png", "--text", "x", "-o", "out", "--size", "28000x28000"], "at most 4,000,000 pixels"),
        (["download", ""], "model '': not one of"),
        (["train", SMOKE, "--output", "\udcf6"], "the name is not in UTF-8"),
        (["convert", "head.pth", "--model", "embedded", "-o", "\udcf6"], "the name is not in UTF-8"),
        (["export", "--model", "embedded", "--format", "onnx", "-o", "\udcf6.onnx"], "the name is not in UTF-8"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(capsys, arguments, words):
    assert exit_code(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tr2m: error: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("two\nlines"), 2, "tr2m: error: two lines\n"),
        (PermissionError(13, "Permission denied", "x.png"), 1, "tr2m: error: x.png: Permission denied\n"),
        (OSError(28, "No space left on device"), 1, "No space left"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_expected_failures_leave_no_traceback(capsys, monkeypatch, error, code, words):
    def fail(args):
        raise error

    monkeypatch.setattr("tr2m_core.cli.evaluate.run", fail)
    assert entry.main(["evaluate", "frames"]) == code
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(args):
        raise ZeroDivisionError

    monkeypatch.setattr("tr2m_core.cli.evaluate.run", fail)
    with pytest.raises(ZeroDivisionError):
        entry.main(["evaluate", "frames"])


def test_a_closed_pipe_is_quiet():
    command = f"{sys.executable} -m tr2m_core evaluate --list | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("streams", "code", "errors"),
    [
        ("> /dev/full", 1, ["tr2m: error: No space left on device"]),
        (">&-", 0, []),
        (">&- 2>&- <&-", 0, []),
        ("2>&1 | true", 0, []),
    ],
)
def test_output_that_goes_nowhere(streams, code, errors):
    command = f"{sys.executable} -m tr2m_core evaluate --list {streams}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines(), done.stdout) == (code, errors, "")


def test_names_that_are_not_utf8_come_out_escaped(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    command = [sys.executable, "-m", "tr2m_core", "compare", name, name]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONIOENCODING": "latin-1"}, capture_output=True)
    assert done.returncode == 2
    assert done.stderr.startswith(b"tr2m: error: caf\\udce9: ")


def test_paths_and_sentences_that_the_terminal_cannot_show(monkeypatch, tmp_path):
    out = tmp_path / "out"
    with out.open("w", encoding="ascii") as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        monkeypatch.setattr("tr2m_core.cli.evaluate.run", lambda args: print("B\u00fcro \udce9") or 0)
        assert entry.main(["evaluate"]) == 0
    assert out.read_text() == "B\\xfcro \\udce9\n"


def test_table_aligns_numbers_to_the_right():
    table = format_table(["name", "value"], [["a", 1.23456], ["long", None], ["b", 12.0]])
    assert table.splitlines() == ["name  value", "----  -----", "a     1.235", "long      -", "b        12"]
