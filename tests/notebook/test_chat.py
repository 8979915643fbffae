"""Talking to a model from cells: the reply is the cell's result, and a cell run again asks nobody."""

from __future__ import annotations

import pytest

from tests.llm.fakes import Fake
from tests.notebook.helpers import Kernel, Notebook
from tract_nb import Answer, Tract

OPEN = """
from tests.llm.fakes import Fake
from tract_nb import Tract
fake = Fake("At <b>noon</b>.", "You are welcome.", "In Brest.")
t = Tract.open(model="gpt-4o", llm=fake)
"""
OPEN_VIEWS = "from ipywidgets.widgets import widget; print(len(widget._instances))"
#: what a page draws; the rest is what is left in a saved notebook
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def talk(nb: Notebook) -> Notebook:
    nb["t"] = Tract.open(model="gpt-4o", llm=Fake("At noon.", "In Brest."))
    nb.value("%tract use t")
    return nb


def texts(talk: Notebook) -> list[str]:
    return [message.text for message in talk["t"].compile().messages]


def test_a_line_and_a_cell_ask(talk: Notebook):
    answer = talk.value("%tract chat When is {high} water? --temperature 0.5 --max-tokens 9")
    assert isinstance(answer, Answer)
    assert answer.text == "At noon."
    talk.value("%%tract chat --out where --model gpt-4o-mini\nAnd {where}?\n")
    assert talk["where"].text == "In Brest."
    fake = talk["t"]._llm
    assert fake.asked()[-1] == ("user", "And {where}?")
    assert fake.configs[0]["temperature"] == 0.5
    assert fake.configs[0]["max_tokens"] == 9
    assert fake.configs[1]["model"] == "gpt-4o-mini"
    assert texts(talk) == ["When is {high} water?", "At noon.", "And {where}?", "In Brest."]


def test_generate_answers_what_is_there(talk: Notebook):
    talk.value("%%tract user\nWhen?")
    assert talk.value("%tract generate").text == "At noon."
    assert texts(talk) == ["When?", "At noon."]


def test_what_cannot_be_asked_is_two_lines(talk: Notebook):
    assert talk.error("%tract chat")[0].startswith("CommandError: There is no text")
    talk["t"]._ws.model = None
    assert talk.error("%tract chat hello") == [
        "TractError: No model is named.",
        "Give model='gpt-4o' to this call or to Tract.open, or set TRACT_NB_LLM_MODEL.",
    ]


def test_the_settings_are_a_table_without_keys(talk: Notebook):
    talk["t"] = Tract.open(model="gpt-4o", llm_settings={"api_key": "sk-0123456789", "temperature": 0})
    talk.value("%tract use t")
    frame = talk.value("%tract llm merge")
    assert list(frame.columns) == ["name", "value", "source"]
    assert frame.set_index("name").value.to_dict() == {
        "api_key": "[key]",
        "model": "gpt-4o",
        "retries": "2",
        "temperature": "0",
        "timeout": "120",
    }


def test_a_cell_that_is_run_again_asks_nobody_and_a_changed_one_edits_in_place(kernel: Kernel):
    assert kernel.run(OPEN).error is None
    assert kernel.run("%tract use t").error is None
    first = kernel.run("%%tract chat\nWhen?", "c1")
    assert first.error is None
    assert first.text.splitlines() == ["At <b>noon</b>.", "(m-1 · 20 tokens in, 5 out · $0.0010)"]
    assert "At &lt;b&gt;noon" in first.data["text/html"]
    assert VIEW in first.data  # what it streamed in, which is closed again
    assert kernel.run(OPEN_VIEWS).printed == "0\n"
    assert kernel.run("%%tract chat\nThank you.", "c2").error is None
    again = kernel.run("%%tract chat\nWhen?", "c1")
    assert again.text.splitlines()[0] == "At <b>noon</b>."
    assert "unchanged" in again.printed
    assert kernel.run("print(len(fake.sent))").printed == "2\n"
    assert kernel.run("%%tract chat\nWhere?", "c1").text.splitlines()[0] == "In Brest."
    said = kernel.run("print([m.text for m in t.compile().messages])").printed
    assert said == "['Where?', 'In Brest.', 'Thank you.', 'You are welcome.']\n"
    assert kernel.run("%%tract chat --again\nWhere?", "c1").error is None
    assert kernel.run("print(len(t.compile()))").printed == "6\n"


def test_a_cell_that_fails_leaves_no_view_and_nothing_committed(kernel: Kernel):
    assert kernel.run(OPEN).error is None
    assert kernel.run("fake.answers[:] = [KeyboardInterrupt(), 'Now.']\n%tract use t").error is None
    assert kernel.run("%%tract chat\nWhen?", "c9").error is not None
    assert kernel.run(OPEN_VIEWS).printed == "0\n"
    assert kernel.run("print(len(t.compile()))").printed == "0\n"
    assert kernel.run("%%tract chat\nWhen?", "c9").text.startswith("Now.")
