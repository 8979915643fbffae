"""A key is planted wherever one can be given, and looked for in everything that is left."""

from __future__ import annotations

import io
import logging
import pickle
import traceback
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.llm.server import Script
from tract_nb import Replay, Tract
from tract_nb.errors import TractError
from tract_nb.llm.asking import Asker
from tract_nb.llm.merging import propose

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("litellm")]

KEY = "sk-planted-4c1d2b7e9f0a4c1d2b7e9f0a"
OTHER = "planted/without:a+prefix=9f0a4c1d"


@pytest.mark.parametrize("way", ["tract", "operation", "call", "environment", "header"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_it_is_in_no_database_log_repr_or_exception(server, tmp_path, monkeypatch, capfd, way, streams):
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    monkeypatch.setattr(root, "level", logging.DEBUG)
    monkeypatch.setattr(root, "handlers", [*root.handlers, handler])
    base = {"api_base": server.base, "timeout": 20, "retries": 0}
    ways: dict[str, dict[str, Any]] = {
        "tract": {"llm_settings": {**base, "api_key": KEY}},
        "operation": {"llm_settings": base, "operation_llm": {"chat": {"api_key": KEY}}},
        "call": {"llm_settings": base},
        "environment": {"llm_settings": base},
        "header": {"llm_settings": {**base, "api_key": KEY, "extra_headers": {"X-Secret": OTHER}}},
    }
    given = ways[way]
    if way == "environment":
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = {"api_key": KEY} if way == "call" else None
    path = tmp_path / "work.db"
    recording = tmp_path / "answers.json"
    t = Tract.open(path, model="openai/gpt-4o-mini", llm=Replay(recording, "record"), **given)
    pieces: list[str] = []
    on_text = pieces.append if streams else None
    left = [repr(t), repr(t.calls), repr(t.llm_settings()), t.llm_settings()._repr_html_()]
    answer = t.chat("hi", settings=settings, on_text=on_text)
    assert KEY in server.seen[-1].headers["authorization"]
    left += [repr(answer), answer._repr_html_(), repr(t.show().metadata), repr(t.show().generation_config)]
    server.say(Script(status=401, echoes_key=True))
    with pytest.raises(TractError) as found:
        t.chat("again", settings=settings, on_text=on_text)
    error = found.value
    left += [
        repr(error),
        str(error),
        *error._render_traceback_(),
        repr(vars(error)),
        repr(pickle.dumps(error.args)),
    ]
    assert error.__traceback__ is not None
    below = error.__traceback__.tb_next  # the frames of tract_nb: this one's own locals have it
    left += traceback.TracebackException(type(error), error, below, capture_locals=True).format()
    seen: BaseException | None = error
    while seen is not None:
        left.append(repr(seen) + str(seen))
        seen = seen.__cause__ or seen.__context__
    left.append(repr(t.operations()))
    t.close()
    assert len(Replay(recording)) == 1
    left += list(capfd.readouterr())
    left.append(heard.getvalue())
    left += [file.read_bytes().decode("latin-1") for file in tmp_path.iterdir()]
    assert [text[max(text.find(KEY) - 80, 0) :][:200] for text in left if KEY in text or OTHER in text] == []


def test_an_operation_that_fails_shows_none(server):
    t = Tract.open(model="openai/gpt-4o-mini", llm_settings={"api_base": server.base, "api_key": KEY})
    server.say(Script(status=403, echoes_key=True))
    with t.asking("merge") as asker, pytest.raises(TractError) as found:
        propose(asker, base="a", ours="b", theirs="c")
    assert isinstance(asker, Asker)
    assert KEY not in repr(asker) + str(found.value)
    t.close()


def test_it_is_in_no_notebook(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    cells = [
        "%load_ext tract_nb\nfrom tract_nb import Tract",
        f"t = Tract.open(model='openai/gpt-4o-mini', llm_settings={{'api_base': {server.base!r}}})\nt",
        "t.chat('hi')",
        "t.llm_settings()",
        "t.calls",
        "%xmode Verbose\nt.chat('again', settings={'retries': 0})",
    ]
    server.say(Script(), Script(status=401, echoes_key=True))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, allow_errors=True, kernel_name="python3").execute()
    text = nbformat.writes(notebook)
    assert KEY not in text
    assert "Hello there" in text
    assert "refused the key" in text
