"""The rooms of tr2m_core import downwards only, and no two modules import each other, not even inside a function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# From the top down; modules beside the rooms lie below them all.
ROOMS = (
    *(
        "cli",
        "benchmark",
        "replay",
        "train",
        "report",
        "eval",
        "doctor",
        "pipeline",
        "inference",
        "caption",
        "export",
        "losses",
    ),
    *("data", "model", "weights", "scale", "bags", "messages", "camera", "metrics", "files"),
)
DOORS = {"tr2m_core", "tr2m_core.__main__"}  # what users import and start, which load from above when asked to
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("tr2m_core", "tr2m_ros")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


GRAPH = {module: {name for name in imported(path) if name in MODULES} for module, path in MODULES.items()}


def height(module: str) -> int:
    """Of the module's room; 0 for what lies beside the rooms."""
    room = (*module.split("."), "")[1]
    is_room = (ROOT / "tr2m_core" / room).is_dir()
    return len(ROOMS) - ROOMS.index(room) if is_room else 0


def test_every_room_has_its_place():
    folders = {path.parent.name for path in (ROOT / "tr2m_core").glob("*/__init__.py")}
    assert folders == set(ROOMS)


def test_the_architecture_draws_them_from_the_top_down():
    drawing = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    drawn = [name for line in drawing.splitlines() for name in re.findall(r"(?<=  )([a-z]+)(?=  )", f" {line}")]
    assert drawn == list(ROOMS)


def test_no_room_imports_from_one_above():
    upwards = [
        f"{module} imports {name}"
        for module, names in GRAPH.items()
        if module not in DOORS and module.startswith("tr2m_core.")
        for name in names - DOORS
        if height(name) > height(module)
    ]
    assert upwards == []


def test_nodes_import_nothing_of_the_command_line():
    assert [m for m, names in GRAPH.items() if m.startswith("tr2m_ros") and any(".cli" in n for n in names)] == []


def test_no_circle():
    graph = {module: names - DOORS for module, names in GRAPH.items() if module not in DOORS}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {error.args[1]}") from None
