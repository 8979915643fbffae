"""Text from people, tools and traces is shown as text, never as markup, maths or commands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.llm.fakes import Fake
from tests.notebook.helpers import HOSTILE, OUR_ATTRIBUTES, OUR_ELEMENTS, OUR_STYLES, Notebook, page
from tract_nb import trace
from tract_nb.model.commit import preview
from tract_nb.model.reply import Reply, ToolCall

VALUES = [
    "log",
    "log --all",
    "log --graph",
    "status",
    "compile",
    "show",
    "show call",
    "branches",
    "budget",
    "operations",
    "generate --model m",
    "llm",
]


def line_of(number: int, parent: int | None, kind: str, content: Any, **more: Any) -> str:
    record = {
        "parentUuid": None if parent is None else f"00000000-0000-4000-8000-{parent:012}",
        "isSidechain": False,
        "userType": "external",
        "cwd": "/src/<b>x</b>",
        "sessionId": "11111111-2222-4333-8444-555555555555",
        "version": "2.0.0",
        "gitBranch": "<i>main</i>",
        "type": kind,
        "message": {"role": kind, "content": content},
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "timestamp": f"2026-01-01T00:00:{number:02}.000Z",
        **more,
    }
    return json.dumps(record)


def trace_file(path: Path, text: str) -> Path:
    """A session in which every text is hostile."""
    call = {
        "type": "tool_use",
        "id": "toolu_1",
        "name": f"<b>{text}"[:60],
        "input": {"command": text, text: text},
    }
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": text, "is_error": True}
    lines = [
        line_of(1, None, "user", text),
        line_of(2, 1, "assistant", [{"type": "text", "text": text}, call]),
        line_of(3, 2, "user", [result]),
        json.dumps({"type": f"<script>{text}", "x": text}),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def htmls(value: Any) -> list[str]:
    """Every HTML that a value is shown as."""
    bundle = getattr(value, "_repr_mimebundle_", None)
    found = [bundle().get("text/html", "")] if bundle else []
    shown = getattr(value, "_repr_html_", None)
    return [html for html in (*found, shown() if shown else "") if html]


def assert_only_ours(html: str) -> None:
    """Hold that no element or attribute comes from a text."""
    # pandas writes a <style scoped> of its own in front of each frame
    read = page(re.sub(r"<style scoped>.*?</style>", "", html, count=1, flags=re.DOTALL))
    assert set(read.elements) <= OUR_ELEMENTS
    names = {name for name, value in read.attributes if not (name == "style" and value in OUR_STYLES)}
    assert names <= OUR_ATTRIBUTES


@pytest.fixture(params=list(HOSTILE.values()), ids=list(HOSTILE))
def hostile(request: pytest.FixtureRequest, nb: Notebook) -> Notebook:
    """A tract in which every text that a user can give is hostile."""
    nb["text"] = text = request.param
    nb["evil"] = {text: [text]}
    nb.value("t = %tract open")
    nb.value("t.system(text)")
    nb.value("t.user(text, name=text[:20], message=text, metadata=evil, generation_config=evil, key=text)")
    nb.value("call = t.tool_call('<b>Bash', {'command': text, text: text})")
    nb.value("t.tool_result(call.content.call_id, text, status='error')")
    nb.value("t.annotate('HEAD', 'PINNED', reason=text)")
    nb.value("t.assistant(text)")
    nb["t"]._llm = Fake(Reply(text, (ToolCall(text, text, {text: [text]}),), model=text, finish=text))
    return nb


@pytest.mark.parametrize("line", VALUES)
def test_no_value_turns_a_text_into_markup(hostile: Notebook, line: str):
    if line == "show call":
        line = f"show {hostile['call'].hash}"
    value = hostile.value(f"%tract {line}")
    for html in htmls(value):
        assert_only_ours(html)


def test_the_text_itself_can_be_read(hostile: Notebook):
    text = hostile["text"]
    assert text in page(hostile.value("%tract show")._repr_html_()).text
    assert preview(text) in page(hostile.value("%tract compile")._repr_html_()).text
    assert preview(text) in page(hostile.value("%tract status")._repr_html_()).text
    assert hostile.value("%tract log").preview[0] == preview(text)


def test_the_tables_of_verbs_in_python_are_text_too(hostile: Notebook):
    t = hostile["t"]
    for value in (
        t,
        t.log(all=True),
        t.branches(),
        t.operations(),
        t.tracts(),
        t.budget(),
        t.graph(),
        t.advice(),
    ):
        for html in htmls(value):
            assert_only_ours(html)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_trace_turns_no_text_into_markup(nb: Notebook, tmp_path: Path, text: str):
    nb["path"] = str(trace_file(tmp_path / "session.jsonl", text))
    nb.value("t = %tract open")
    values = [
        nb.value("tr = %tract trace $path\ntr"),
        nb.value("%tract import $path"),
        nb.value("%tract status"),
    ]
    tr = nb["tr"]
    structure = trace.structure(tr)
    values += [
        structure,
        structure.calls,
        structure.failures,
        structure.tools,
        tr.calls,
        tr.failures,
        tr.commands,
    ]
    values += [nb.value(f"%tract traces {tmp_path}"), nb.value("%tract compile"), nb.value("%tract log")]
    for value in values:
        for html in htmls(value):
            assert_only_ours(html)


def test_dollars_are_not_maths_in_any_value(nb: Notebook):
    nb.value("t = %tract open")
    nb.value("%tract user it costs $5 and $10")
    for line in ("show", "status", "compile"):
        html = nb.value(f"%tract {line}")._repr_html_()
        assert "$5" not in html
        assert "it costs $5 and $10" in page(html).text


def test_a_megabyte_in_one_line_is_shown_short_in_lists_and_whole_in_show(nb: Notebook):
    nb.value("t = %tract open")
    nb["text"] = "<b>&" * 262_144 + "$"
    nb.value("t.user(text)")
    for line in ("log", "log --graph", "status", "compile", "branches", "budget"):
        value = nb.value(f"%tract {line}")
        assert len(repr(value)) < 5_000
        assert all(len(html) < 20_000 for html in htmls(value))
    assert page(nb.value("%tract show")._repr_html_()).text.endswith(nb["text"])
    assert len(repr(nb.value("%tract show"))) < 200


@pytest.mark.parametrize("line", ["log", "log --graph", "status", "show", "branches", "budget", "compile"])
def test_no_value_passes_on_commands_to_a_terminal(nb: Notebook, line: str):
    nb.value("t = %tract open")
    nb["text"] = "before \x1b[2J\x1b]0;title\x07\x1b[31mred\x9b31m\x08 after"
    nb.value("t.user(text)")
    value = nb.value(f"%tract {line}")
    if line not in ("log", "branches", "budget"):  # of frames a list is what the terminal prints
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", repr(value))
    else:
        assert not any(re.search(r"[\x00-\x1f\x7f-\x9f]", text) for text in value.preview.dropna())
