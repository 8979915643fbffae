"""What the project's files say, and do not say."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import tract_nb


def texts(root: Path, tracked: list[str]) -> list[tuple[str, str]]:
    found = []
    for name in tracked:
        path = root / name
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data:
            found.append((name, data.decode("utf-8", errors="replace")))
    return found


def test_no_path_of_this_machine(root: Path, tracked: list[str]):
    places = {str(Path.home()), str(root), sys.prefix, sys.base_prefix} - {"/", "/usr"}
    places |= {str(path) for path in root.parent.iterdir()}  # what stands beside the checkout
    words = [re.compile(r"(?<![\w.-])" + re.escape(place) + r"(?![\w.-])") for place in places]
    words.append(re.compile("file:" + "//"))
    wrong = [
        f"{name}: {found[0]}"
        for name, text in texts(root, tracked)
        for word in words
        if (found := word.search(text))
    ]
    assert wrong == []


def test_no_package_index(root: Path, tracked: list[str]):
    words = ["index" + "-url", "pythonhosted" + ".org", "find" + "-links", "trusted" + "-host"]
    wrong = [f"{name}: {word}" for name, text in texts(root, tracked) for word in words if word in text]
    assert wrong == []


def test_constraints_are_plain_pins(root: Path):
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin)] == []


def test_constraints_hold_every_dependency(root: Path):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [item for items in project["optional-dependencies"].values() for item in items]
    asked = {re.split(r"[\[<>=,; ]", item)[0].lower() for item in [*project["dependencies"], *extras]}
    pinned = {line.split("==")[0].lower() for line in (root / "constraints.txt").read_text().splitlines()}
    assert asked - pinned - {"tract-nb"} == set()


def test_what_is_imported_is_declared(root: Path):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[\[<>=,; ]", item)[0].lower() for item in project["dependencies"]}
    declared |= {"traitlets"}  # ipywidgets' own way of saying attributes
    declared |= {"dspy"} & set(project["optional-dependencies"])  # who asks for it is told to install it
    owners = packages_distributions()
    wrong = set()
    for path in [*(root / "tract_nb").rglob("*.py"), *(root / "widgets").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for top in {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"tract_nb", ""}:
                if not {owner.lower() for owner in owners.get(top, [top])} & declared:
                    wrong.add(f"{path.relative_to(root)}: {top}")
    assert sorted(wrong) == []


@pytest.mark.parametrize("name", ["widgets", "prompts"])
def test_the_links_are_links(root: Path, name: str):
    link = root / "tract_nb" / name
    assert link.is_symlink()
    assert link.readlink().as_posix() == f"../{name}"


def test_the_public_verbs_have_a_docstring():
    bare = [
        name
        for name, member in inspect.getmembers(tract_nb.Tract)
        if not name.startswith("_") and callable(member) and not inspect.getdoc(member)
    ]
    assert bare == []
