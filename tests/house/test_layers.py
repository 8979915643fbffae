"""The layers and the types are held by tools; each is seen to fail on a planted fault."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("planted")]


def lint_imports(folder: Path) -> tuple[int, str]:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [tool, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def mypy(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "tract_nb"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def planted(folder: Path, name: str, text: str) -> Iterator[None]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        path.unlink()


def test_layers_hold(package: Path):
    code, said = lint_imports(package)
    assert code == 0, said


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("store", "import tract_nb.engine", "Imports run downwards only"),
        ("engine", "import tract_nb.widgets", "Imports run downwards only"),
        ("model", "import tract_nb.store", "Imports run downwards only"),
        ("operations", "import tract_nb.trace", "Imports run downwards only"),
        ("trace", "import tract_nb.store", "llm and trace stand beside operations"),
        ("trace", "import tract_nb.summaries.creating", "Imports run downwards only"),
        ("summaries", "import tract_nb.view", "Imports run downwards only"),
        ("engine", "import sqlalchemy", "Only the store knows the database"),
        ("operations", "import alembic", "Only the store knows the database"),
        ("operations", "import litellm", "Only llm calls a model"),
        ("engine", "import IPython", "Only notebook and widgets know the notebook"),
        ("trace", "import plotly", "Only notebook and widgets know the notebook"),
    ],
)
def test_a_forbidden_import_is_found(package: Path, room: str, line: str, contract: str):
    with planted(package, f"tract_nb/{room}/planted.py", f"{line}\n"):
        code, said = lint_imports(package)
    assert code != 0
    broken = [row for row in said.splitlines() if row.startswith(contract) and " BROKEN" in row]
    assert broken, said
    assert f"tract_nb.{room}.planted" in said


def test_no_room_goes_round_by_the_front_door(root: Path):
    """`from tract_nb import Tract` in a lower room would be an upward import that the layers cannot see."""
    wrong = []
    rooms = {path.name.removesuffix(".py") for path in (root / "tract_nb").iterdir()}
    for path in sorted((root / "tract_nb").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "tract_nb":
                names = {alias.name for alias in node.names} - rooms
            elif isinstance(node, ast.Import):
                names = {alias.name for alias in node.names} & {"tract_nb"}
            else:
                continue
            wrong += [f"{path.relative_to(root)}:{node.lineno}: {name}" for name in sorted(names)]
    assert wrong == []


def test_a_new_room_must_be_given_its_place(package: Path):
    with planted(package, "tract_nb/attic.py", ""):
        code, said = lint_imports(package)
    assert code != 0
    assert "attic" in said


def test_types_hold(package: Path):
    code, said = mypy(package)
    assert code == 0, said


@pytest.mark.parametrize("room", ["tract_nb/engine", "widgets"])
def test_a_type_error_is_found(package: Path, room: str):
    with planted(package, f"{room}/planted.py", 'count: int = "three"\n'):
        code, said = mypy(package)
    assert code != 0
    place = "tract_nb/" + f"{room}/planted.py".removeprefix("tract_nb/")
    assert f"{place}:1: error: Incompatible types in assignment" in said
