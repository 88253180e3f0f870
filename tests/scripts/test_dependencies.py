"""pyproject.toml names the packages that the source imports: no more, no fewer."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OWN = ("protocol", "mesh_server", "mesh_agent", "mesh_tui")


def imported(package: str) -> Iterator[str]:
    """The top-level names that a package imports, anywhere in it."""
    for source in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def test_what_is_imported_is_declared_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    names = {name for package in OWN for name in imported(package)} - set(OWN) - sys.stdlib_module_names
    distributions = packages_distributions()
    assert {canonicalize_name(each) for name in names for each in distributions[name]} == declared
