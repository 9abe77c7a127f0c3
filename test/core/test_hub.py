"""Where downloads go on machines without a home folder, or with one that cannot be used."""

import os
import pwd

import pytest

from tr2m_core.cli.main import main
from tr2m_core.doctor import resources
from tr2m_core.doctor.finding import WARNING
from tr2m_core.errors import InputError
from tr2m_core.model.sources import find_model
from tr2m_core.weights import hub


@pytest.fixture
def homeless(monkeypatch):
    """As in a container that is run by a user whom it does not know."""

    def unknown(uid):
        raise KeyError(uid)

    for name in ("HOME", "TR2M_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", os.path.expanduser("~/.cache/huggingface/hub"))


@pytest.fixture
def tr2m(capsys):
    def run(*arguments):
        return (main([str(argument) for argument in arguments]), *capsys.readouterr())

    return run


def test_without_a_home_folder_the_variable_to_set_is_named(homeless, tr2m, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # the Hub's own library has read it already
    code, _, err = tr2m("download", "paper")
    assert (code, err.splitlines()[1:]) == (
        2,
        ["tr2m: error: ~/.cache/tr2m: there is no home folder; set TR2M_HOME to a folder for downloads"],
    )
    monkeypatch.setenv("TR2M_HOME", str(tmp_path))
    code, _, err = tr2m("download", "paper")
    assert code == 2
    assert err.endswith("huggingface/hub: there is no home folder; set HF_HOME to a folder for downloads\n")
    assert list(tmp_path.iterdir()) == []


def test_without_a_home_folder_nothing_is_found_there(homeless):
    find_model("embedded").require()
    with pytest.raises(InputError, match=r"missing ~/.cache/tr2m/da_s_vitl_vitl.pth.*tr2m download paper"):
        find_model("paper").require()
    with pytest.raises(InputError, match="model '~/mine': not one of"):
        find_model("~/mine")


def test_folders_that_cannot_hold_downloads(tmp_path):
    file = tmp_path / "file"
    file.touch()
    assert hub.unwritable(tmp_path / "a" / "b") == ""
    assert hub.unwritable(file / "a") == f"{file} is a file"
    assert hub.unwritable(hub.expanded("/proc/1/x")) == "/proc/1 cannot be written"
    with pytest.raises(InputError, match="set HF_HOME to a folder for downloads"):
        hub.require_writable(file, "HF_HOME")
    found = resources.room("Hub cache", file, "HF_HOME", 1, "paper")
    assert found.state == WARNING and found.fix == "set HF_HOME to a folder for downloads"


def test_a_folder_that_cannot_be_looked_into_counts_as_empty(tmp_path, monkeypatch):
    monkeypatch.setenv("TR2M_HOME", str(tmp_path / "file" / "tr2m"))
    (tmp_path / "file").touch()
    assert any("missing" in part.problem for part in find_model("paper").parts.values() if part.role == "rescale_head")
