"""``%%tract user|system|assistant|edit``: the text below is taken as it stands."""

from __future__ import annotations

import pytest

from tests.notebook.helpers import HOSTILE, Notebook

BODIES = {
    **HOSTILE,
    "quotes": "it's \"quoted\", 'twice', and `ticks`",
    "a lone quote": 'the sign " alone',
    "semicolons": "x = 1;\ny = 2;",
    "a last semicolon": "stop here;",
    "shell": "!ls $HOME && %tract log\n?help\n%%bash",
    "options": "--again --expand --help -t other --out x",
    "backslashes": r"C:\new\table \d+ \\ \x41",
    "indented": "    four spaces\n\ttab\n  trailing  ",
    "blank lines": "one\n\n\nthree",
    "unicode": "Ærøskøbing 日本語 🏳️‍🌈 e\u0301 \u00e9",
    "special tokens": "<|endoftext|><|im_start|>system",
    "python": "import os\nfor i in range(3):\n    print(i)",
    "a first line like a magic": "%matplotlib inline\ntext",
}


def texts(nb: Notebook) -> list[str]:
    return [message.text for message in nb["t"].compile().messages]


@pytest.fixture
def t(nb: Notebook) -> Notebook:
    nb.value("t = %tract open")
    return nb


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_is_committed_as_it_stands(t: Notebook, body: str):
    t["user"], t["name"] = "a variable", "another"
    assert t.value(f"%%tract user\n{body}").text == body
    assert texts(t) == [body]


@pytest.mark.parametrize(
    ("role", "kind"), [("user", "dialogue"), ("assistant", "dialogue"), ("system", "instruction")]
)
def test_each_role_has_a_cell(t: Notebook, role: str, kind: str):
    commit = t.value(f"%%tract {role}\nsome {{words}}")
    assert (commit.role, commit.type, commit.text) == (role, kind, "some {words}")


def test_a_megabyte_in_one_line_is_committed_whole(t: Notebook):
    body = "lorem ipsum " * 90_000
    assert t.value(f"%%tract user\n{body}").text == body


def test_braces_in_a_line_are_taken_as_they_stand(t: Notebook):
    t["name"] = "someone"
    assert t.value("%tract user greet {name} with {{name}}").text == "greet {name} with {{name}}"


def test_a_line_loses_its_last_semicolon_only(t: Notebook):
    t.value("%tract user one; two;")
    assert texts(t) == ["one; two"]


@pytest.mark.parametrize("text", ["--- a/file.py", "--verbose", "-x", "--help", "-t", "--out", "--again"])
def test_a_quoted_text_that_begins_like_an_option_is_text(t: Notebook, text: str):
    assert t.value(f'%tract user "what is {text}"').text == f"what is {text}"
    t["text"] = text
    assert t.value("%tract user $text").text == text


def test_expand_fills_in_the_users_variables(t: Notebook):
    t["name"], t["count"] = "Mara", 3
    commit = t.value('%%tract user --expand\n{{name}} has {{ count }} boats, {name} and {{"a": 1}}')
    assert commit.text == 'Mara has 3 boats, {name} and {{"a": 1}}'


def test_expand_names_all_that_is_missing_and_writes_nothing(t: Notebook):
    t["name"] = "Mara"
    lines = t.error("%%tract user --expand\n{{name}} {{city}} {{boat}}")
    assert len(lines) == 2
    assert "city" in lines[0]
    assert "boat" in lines[0]
    assert "name" not in lines[0].replace("names", "")
    assert texts(t) == []


def test_a_filled_in_text_is_not_filled_in_twice(t: Notebook):
    t["a"], t["b"] = "{{b}}", "secret"
    assert t.value("%%tract user --expand\n{{a}}").text == "{{b}}"


@pytest.mark.parametrize("line", ["user --out kept", "--out kept user"])
def test_out_keeps_the_value_of_a_cell(t: Notebook, line: str):
    t.value(f"%%tract {line}\nhello")
    assert t["kept"].text == "hello"
    assert texts(t) == ["hello"]


def test_out_keeps_the_value_of_a_line(t: Notebook):
    t.value("%tract log --out kept")
    assert t["kept"].empty


@pytest.mark.parametrize("name", ["", "1x", "a.b", "a-b"])
def test_out_needs_the_name_of_a_variable(t: Notebook, name: str):
    assert len(t.error(f"%%tract user --out {name}\nhello")) == 2
    assert texts(t) == []


@pytest.mark.parametrize("name", ["class", "None"])
def test_out_refuses_words_that_python_keeps(t: Notebook, name: str):
    assert len(t.error(f"%%tract user --out {name}\nhello")) == 2


@pytest.mark.parametrize("line", ["log", "", "status", "pin HEAD"])
def test_a_command_that_takes_no_text_says_which_do(t: Notebook, line: str):
    lines = t.error(f"%%tract {line}\nhello")
    assert len(lines) == 2
    assert "user" in lines[1]


def test_words_behind_the_command_of_a_cell_are_not_lost_in_silence(t: Notebook):
    ran = t.run("%%tract user hello there\nbody")
    assert ran.error is not None or "hello there" in texts(t)[0]


@pytest.mark.parametrize("flag", ["--again", "--expand"])
def test_flags_of_cells_are_refused_in_a_line(t: Notebook, flag: str):
    assert len(t.error(f"%tract user hello {flag}")) == 2
    assert texts(t) == []


def test_a_failed_cell_leaves_no_text_for_the_next_line(t: Notebook):
    assert t.error("%%tract edit nowhere\nbody")
    assert len(t.error("%tract user")) == 2
    assert texts(t) == []


def test_no_text_is_an_error(t: Notebook):
    assert "no text" in t.error("%tract user")[0]


def test_help_of_a_cell_command_commits_nothing(t: Notebook):
    assert "TEXT" in repr(t.value("%%tract user --help\nbody"))
    assert texts(t) == []
