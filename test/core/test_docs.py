"""README and docs: links lead somewhere, commands and files exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tr2m_core.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "tr2m_core/assets/embedded/README.md",
]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES}


def anchors(page: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", TEXTS[page], flags=re.S)
    headings = re.findall("^#.*", text, re.M)
    return {re.sub(r"[^\w -]", "", line.strip("# ").lower()).replace(" ", "-") for line in headings}


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]*)\)", TEXTS[page]):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = ((ROOT / page).parent / file).resolve() if file else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in anchors(str(path.relative_to(ROOT))), target


def commands(page: str) -> list[str]:
    """The calls of `tr2m` in code blocks, without comments and redirections, lines joined."""
    blocks = "".join(re.findall(r"^```[a-z]*\n(.*?)^```", TEXTS[page], re.S | re.M)).replace("\\\n", " ")
    lines = [re.sub(r"^.* -m tr2m_core ", "tr2m ", line) for line in blocks.splitlines()]
    return [line.partition(" | ")[0] for line in lines if line.startswith("tr2m ")]


@pytest.mark.parametrize("page", [page for page in TEXTS if commands(page)])
def test_commands_are_understood(page):
    for command in commands(page):
        words = [word for word in shlex.split(command, comments=True)[1:] if word != "..."]
        if words == ["replay"] or words == ["evaluate"]:  # accelerate launch ... -m tr2m_core evaluate ...
            continue
        build_parser().parse_args(words)


@pytest.mark.parametrize("page", TEXTS)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", TEXTS[page], re.M)) <= targets


def test_the_readme_is_short_and_says_how_to_start_and_test():
    assert len(TEXTS["README.md"].split()) <= 1000
    for command in ("make setup", "make demo", "make test"):
        assert command in TEXTS["README.md"]


def test_files_that_the_architecture_names_exist():
    named = re.findall(r"`((?:tr2m_core|tr2m_ros|test)/[\w/]+\.py)`", TEXTS["docs/architecture.md"])
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", [".pre-commit-config.yaml", ".github/workflows/ci.yml", "CITATION.cff"])
def test_contributor_files_are_yaml(name):
    assert isinstance(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")), dict)


def test_the_workflow_runs_what_the_readme_names():
    steps = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["test"]["steps"]
    assert ".ci/run" in [step.get("run") for step in steps]
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
