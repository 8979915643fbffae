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


def test_it_records_and_saves_what_is_replayed(notebooks, asking, server, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    server.say("first", "second")
    paths = sorted(notebooks.FOLDER.glob("*.ipynb"))
    for text in ("first", "second"):
        assert notebooks.record(paths) == 0
        assert recorded(asking) == [text]
        assert text in asking.read_text()
    assert len(server.seen) == 2  # the outputs are those of the replay
    assert capsys.readouterr().out == "asking.ipynb: 1 answers\n" * 2
    assert "sk-planted" not in asking.read_text() + (notebooks.ANSWERS / "asking.json").read_text()


def test_without_a_key_or_where_it_fails_all_is_as_before(notebooks, asking, server, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    assert notebooks.record([asking]) == 0
    before = asking.read_bytes(), (notebooks.ANSWERS / "asking.json").read_bytes()
    server.say(Script(status=401))
    assert notebooks.record([asking]) == 1
    assert "asking.ipynb could not be recorded; it is as before." in capsys.readouterr().out
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert notebooks.record([asking]) == 1
    assert "  OPENAI_API_KEY, for openai/gpt-4o-mini in asking.ipynb\nNothing was changed." in (
        capsys.readouterr().out
    )
    assert (asking.read_bytes(), (notebooks.ANSWERS / "asking.json").read_bytes()) == before
    assert [path.name for path in notebooks.ANSWERS.iterdir()] == ["asking.json"]
