"""make record: asks the models themselves, says what it needs, and leaves all as it was where it fails."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.llm.server import Script

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("litellm")]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script, on a folder of its own."""
    spec = importlib.util.spec_from_file_location("notebooks_script", ROOT / "scripts" / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "ANSWERS", tmp_path / "answers")
    monkeypatch.setenv("TRACT_NB_REPLAY", "replay")  # set back, whatever the script sets
    return module


@pytest.fixture
def asking(notebooks: Any, server: Any) -> Path:
    """A notebook that asks a model, and its saved outputs."""
    cells = [
        "from tract_nb import Replay, Tract",
        (
            f"at = {{'api_base': {server.base!r}}}\n"
            "t = Tract.open(model='openai/gpt-4o-mini', llm=Replay('answers/asking.json'), llm_settings=at)"
        ),
        "t.chat('hi')",
    ]
    path: Path = notebooks.FOLDER / "asking.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(other, notebooks.FOLDER / "no model.ipynb")
    return path


def recorded(path: Path) -> list[str]:
    stored = json.loads((path.parent / "answers" / "asking.json").read_bytes())
    return [entry["reply"]["text"] for entry in stored["answers"]]


def test_it_records_and_saves_or_leaves_all_as_it_was(notebooks, asking, server, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    answers = notebooks.ANSWERS / "asking.json"
    server.say("first", Script(status=401))
    assert notebooks.record(sorted(notebooks.FOLDER.glob("*.ipynb"))) == 0
    assert capsys.readouterr().out == "asking.ipynb: 1 answers\n"
    assert recorded(asking) == ["first"]
    assert "first" in asking.read_text()
    assert len(server.seen) == 1  # the outputs are those of the replay
    assert "sk-planted" not in asking.read_text() + answers.read_text()
    before = asking.read_bytes(), answers.read_bytes()

    assert notebooks.record([asking]) == 1
    assert len(server.seen) == 2
    assert "asking.ipynb could not be recorded; it is as before." in capsys.readouterr().out
    assert (asking.read_bytes(), answers.read_bytes()) == before

    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert notebooks.record([asking]) == 1
    assert "  OPENAI_API_KEY, for openai/gpt-4o-mini in asking.ipynb\nNothing was changed." in (
        capsys.readouterr().out
    )
    assert (asking.read_bytes(), answers.read_bytes()) == before
    assert [path.name for path in notebooks.ANSWERS.iterdir()] == ["asking.json"]
