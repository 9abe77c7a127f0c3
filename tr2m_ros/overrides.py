"""What the user set that has no effect, or another one than meant: rcl and launch say nothing of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise

from rclpy.node import Node
from rclpy.parameter import Parameter

QOS = "qos_overrides."  # declared only when the topic is


def undeclared(node: Node, qos: bool) -> Iterator[str]:
    """A line about each parameter given to the node which it does not have; qos: those of topics, or the others."""
    known = [name for name in node.get_parameters_by_prefix("") if not name.startswith(QOS)]
    for name in getattr(node, "_parameter_overrides", ()):  # rclpy has no public way to them
        if name.startswith(QOS) == qos and not node.has_parameter(name):
            yield f"parameter '{name}' is not known and has no effect{_instead(name, known)}"


def misread(node: Node, arguments: Sequence[str]) -> Iterator[str]:
    """A line about each text behind -p that rcl, which reads YAML, understood as another one."""
    for flag, argument in pairwise(arguments):
        name, _, given = argument.partition(":=")
        name = name.rpartition(":")[2]
        if flag not in ("-p", "--param") or not node.has_parameter(name):
            continue
        value = node.get_parameter_or(name, Parameter(name))  # that of an empty list is not set
        plain = given.strip()
        is_quoted = len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\""
        if value.type_ == Parameter.Type.STRING and not is_quoted and value.value != plain:
            quoted = f"""-p {name}:="'{plain.replace("'", "''")}'\""""
            yield f"parameter '{name}' was read as '{value.value}'; for all of it quote twice: {quoted}"


def unknown_arguments(given: Collection[str], known: Collection[str]) -> Iterator[str]:
    """A line about each launch argument that looks like a misspelt one; others may be of an including launch file."""
    for name in sorted(set(given) - set(known)):
        if instead := _instead(name, known):
            yield f"launch argument '{name}' is not known and has no effect{instead}"


def _instead(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, 1, 0.75)
    return f"; did you mean '{close[0]}'?" if close else ""
