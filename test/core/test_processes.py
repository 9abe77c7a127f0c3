"""Processes that a launcher starts together, and environments that no launcher made."""

import pytest
from accelerate import PartialState

from tr2m_core.errors import InputError
from tr2m_core.processes import ALONE, LAUNCHER, join_processes


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in LAUNCHER:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("size", [None, "", "1", "0"])
def test_one_process_is_alone(monkeypatch, size):
    if size is not None:
        monkeypatch.setenv("WORLD_SIZE", size)
    assert join_processes("cpu") is ALONE


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"WORLD_SIZE": "many"}, r"WORLD_SIZE=many: .*unset them"),
        (
            {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "first"},
            r"WORLD_SIZE=2, RANK=0, LOCAL_RANK=first: .*torchrun",
        ),
    ],
)
def test_variables_that_no_launcher_sets_so(monkeypatch, variables, words):
    monkeypatch.setattr(PartialState, "_shared_state", {})  # what a training in this process has left
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=words):
        join_processes("cpu")
