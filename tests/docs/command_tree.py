"""The commands of the program, as its own parser knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from proforma.cli.main import COMMANDS, app

#: The parser's own objects: it has no public types for them.
Node = Any


def root() -> Node:
    """The program itself, with its global options."""
    return typer.main.get_command(app)


def commands() -> dict[tuple[str, ...], Node]:
    """Every command that does something, by its words; a group that also does something by itself is one of them."""
    found = ((name, root().get_command(None, name)) for name in COMMANDS)
    return {path: node for name, top in found for path, node in _under(top, (name,))}


def _under(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    children = getattr(node, "commands", None) or {}
    if not children or node.invoke_without_command:
        yield path, node
    for name, child in children.items():
        yield from _under(child, (*path, name))


def parameters(node: Node) -> list[Node]:
    """Its arguments and options, without those that every command has."""
    return [parameter for parameter in node.params if parameter.name != "help"]
