"""The rules of style that keep a promise, each seen to catch its fault."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = '"""Planted."""\n\n'


def ruff(root: Path, name: str, text: str) -> list[str]:
    """Return the rules that a file of this name and text would break."""
    command = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "--no-cache"]
    done = subprocess.run(
        [*command, "--stdin-filename", str(root / name), "-"],
        input=HEAD + text,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.split()[1] for line in done.stdout.splitlines() if "planted.py:" in line]


def test_nothing_planted_nothing_found(root: Path):
    assert ruff(root, "tract_nb/engine/planted.py", "") == []


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("engine", "from IPython.display import Markdown\n\nMarkdown('x')\n", "TID251"),
        ("notebook", "from IPython.display import Markdown\n\nMarkdown('x')\n", "TID251"),
        ("notebook", "import ipywidgets as w\n\nw.HTML('x')\n", "TID251"),
        ("notebook", "from IPython.core.error import UsageError\n\nraise UsageError\n", "TID251"),
        ("notebook", "import widgets\n\nwidgets.x()\n", "TID251"),
        ("operations", "import pandas as pd\n\npd.DataFrame()\n", "TID253"),
        ("operations", "import litellm\n\nlitellm.completion()\n", "TID253"),
        ("operations", "from . import merge\n\nmerge.x()\n", "TID252"),
        ("store", 'try:\n    int("x")\nexcept Exception:\n    y = 1\n', "BLE001"),
        ("trace", "print(1)\n", "T201"),
        ("trace", "from datetime import datetime\n\nNOW = datetime(2026, 1, 1)\n", "DTZ001"),
        ("engine", "def length(text):\n    return 1\n", "ANN001"),
        ("engine", "def length(text: str) -> int:\n    return len(text)\n", "D103"),
    ],
)
def test_the_fault_is_found(root: Path, name: str, text: str, rule: str):
    assert rule in ruff(root, f"tract_nb/{name}/planted.py", text)


@pytest.mark.parametrize("module", ["alembic", "litellm", "pandas", "plotly"])
def test_heavy_modules_may_be_imported_where_they_are_needed(root: Path, module: str):
    text = f'def use() -> None:\n    """Use it."""\n    import {module}\n\n    {module}.x()\n'
    found = ruff(root, "tract_nb/operations/planted.py", text)
    assert "PLC0415" not in found
    assert "TID253" not in found


def test_other_modules_may_not(root: Path):
    text = 'def use() -> None:\n    """Use it."""\n    import json\n\n    json.dumps(1)\n'
    assert "PLC0415" in ruff(root, "tract_nb/operations/planted.py", text)


def test_foreign_markdown_is_rendered_in_one_place_only(root: Path):
    """JupyterLab writes markdown into the page as HTML, scripts in attributes included."""
    wrong = []
    for path in [*sorted((root / "tract_nb").rglob("*.py")), *sorted((root / "widgets").rglob("*.py"))]:
        if path.relative_to(root).as_posix() == "tract_nb/notebook/html.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.FunctionDef) and node.name == "_repr_markdown_"
            keyed = isinstance(node, ast.Constant) and node.value == "text/markdown"
            called = isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Markdown"
            if named or keyed or called:
                wrong.append(f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}")
    assert wrong == []
