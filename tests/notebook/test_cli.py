"""The ``tract`` command in a terminal: exit codes, which database, pipes, and nothing but text."""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from tract_nb import Tract, cli, samples
from tract_nb.notebook.commands import COMMANDS

COMMAND = (sys.executable, "-m", "tract_nb.cli")
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which the command runs in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRACT_NB_DB", raising=False)
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)
    return tmp_path


@pytest.fixture
def tract(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command with some words in this process: a tenth of the time of a new one."""

    def run(*words: str, stdin: str = "", **environment: str) -> Done:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdin", io.StringIO(stdin))
            for name, value in environment.items():
                patch.setenv(name, value)
            code = cli.main(list(words))
        if Tract.first is not None:  # as at the end of a process
            Tract.first.close()
        said = capsys.readouterr()
        return Done(list(words), code, said.out, said.err)

    return run


@pytest.fixture
def process(folder: Path) -> Run:
    """Run the command with some words as a shell does."""

    def run(*words: str) -> Done:
        return subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False)

    return run


def database(name: str, *texts: str) -> None:
    """Make a database with some messages in the present folder."""
    made = Tract.open(name)
    for text in texts:
        made.user(text)
    made.close()


def texts(name: str) -> list[str]:
    made = Tract.open(name)
    found = [message.text for message in made.compile().messages]
    made.close()
    return found


def test_a_process_answers_with_output_and_exit_code(process: Run):
    database("work.db", "hello")
    done = process("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "hello" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_process_answers_an_error_with_two_plain_lines(process: Run):
    done = process("lgo")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CommandError: There is no command 'lgo'.\nDid you mean log?\n"


def test_the_one_database_of_the_folder_is_taken(tract: Run):
    database("work.db", "hello")
    Path("notes.txt").write_text("SQLite format 3, says this text")
    done = tract("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "work.db" in done.stdout
    assert "hello" in done.stdout


def test_a_database_that_a_notebook_has_open_is_found(process: Run):
    notebook = Tract.open("work.db")
    notebook.user("said in the notebook")
    done = process("show")
    assert done.returncode == 0, done.stderr
    assert "said in the notebook" in done.stdout
    assert process("user", "said in a terminal").returncode == 0
    notebook.refresh()
    assert notebook.show().text == "said in a terminal"
    notebook.close()


def test_no_database_in_the_folder_is_an_error(tract: Run):
    done = tract("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 2
    assert "tract open" in done.stderr
    assert list(Path().iterdir()) == []


def test_two_databases_in_the_folder_are_an_error_that_names_them(tract: Run):
    database("one.db")
    database("two.db")
    done = tract("user", "hello")
    assert done.returncode == 1
    assert "one.db" in done.stderr
    assert "two.db" in done.stderr
    assert "--db" in done.stderr
    assert texts("one.db") == texts("two.db") == []


def test_the_option_goes_before_the_environment_and_that_before_the_folder(
    tract: Run, monkeypatch: pytest.MonkeyPatch
):
    for name in ("a", "b", "c"):
        Path(name).mkdir()
        database(f"{name}/work.db", f"in {name}")
    monkeypatch.chdir("c")
    assert "in c" in tract("show").stdout
    assert "in b" in tract("show", TRACT_NB_DB="../b/work.db").stdout
    assert "in a" in tract("show", "--db", "../a/work.db", TRACT_NB_DB="../b/work.db").stdout
    assert "in a" in tract("--db=../a/work.db", "show").stdout


def test_an_option_without_a_path_is_an_error(tract: Run):
    done = tract("status", "--db")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2


def test_a_database_that_reading_names_and_is_not_there_is_not_made(tract: Run):
    done = tract("--db", "wrok.db", "log")
    assert not Path("wrok.db").exists()
    assert done.returncode == 1


def test_open_makes_a_database_and_shows_it(tract: Run):
    done = tract("open", "work.db")
    assert done.returncode == 0
    assert "work.db" in done.stdout
    assert " at 0x" not in done.stdout
    assert Path("work.db").exists()


def test_text_comes_from_words_or_from_standard_input(tract: Run):
    database("work.db")
    assert tract("user", "it's", "{here} for $5").returncode == 0
    assert tract("system", "-", stdin="two\nlines  \n").returncode == 0
    assert texts("work.db") == ["it's {here} for $5", "two\nlines  "]


def test_text_from_standard_input_is_whatever_bytes_it_is(folder: Path):
    database("work.db")
    done = subprocess.run([*COMMAND, "user", "-"], input=b"caf\xe9 \xff\n", capture_output=True, check=False)
    assert done.returncode == 0 or len(done.stderr.splitlines()) == 2


def test_a_whole_session_in_a_terminal(tract: Run):
    for words in (
        ["open", "work.db"],
        ["user", "one"],
        ["assistant", "two"],
        ["pin", "HEAD"],
        ["branch", "side"],
        ["switch", "side"],
        ["user", "three"],
        ["undo"],
    ):
        done = tract(*words)
        assert (done.returncode, "Error" in done.stderr) == (0, False), done.stderr
    assert "branch side" in tract("status").stdout
    assert json.loads(tract("export").stdout) == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
    ]


def test_a_branch_that_is_there_is_an_error_in_a_terminal(tract: Run):
    database("work.db", "one")
    assert tract("branch", "side").returncode == 0
    assert tract("branch", "side").returncode == 1


def test_tables_are_plain_columns(tract: Run):
    Tract.from_trace(samples.path(), "work.db").close()
    for name in ("log", "branches", "operations", "tracts", "budget"):
        done = tract(name)
        assert (done.returncode, done.stderr) == (0, ""), name
        assert "..." not in done.stdout.splitlines()[0], name
        assert "NaN" not in done.stdout, name
        assert "NaT" not in done.stdout, name
        assert "\x1b" not in done.stdout, name
    assert len(tract("log").stdout.splitlines()) == 1 + len(Tract.open("work.db").log())


def test_an_empty_table_says_so(tract: Run):
    database("work.db")
    done = tract("log")
    assert done.returncode == 0
    assert done.stdout.startswith("nothing")


@pytest.mark.parametrize(
    "words",
    [
        ["lgo"],
        ["log", "--nope"],
        ["show", "nowhere"],
        ["import", "nothing.jsonl"],
        ["use", "nobody"],
        ["user"],
        ["undo"],
    ],
    ids=" ".join,
)
def test_an_error_is_two_lines_and_the_exit_code_is_one(tract: Run, words: list[str]):
    database("work.db")
    done = tract(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 2
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


def test_hints_speak_of_the_terminal(tract: Run):
    database("work.db")
    assert "%tract" not in tract("log", "--nope").stderr
    assert "%tract" not in tract("xyzzy").stderr
    assert "t.user(" not in tract("show").stderr


def test_a_dollar_word_is_a_text_where_there_are_no_variables(tract: Run):
    database("work.db")
    assert tract("user", "$HOME").returncode == 0
    assert texts("work.db") == ["$HOME"]


def test_a_quoted_text_may_hold_what_looks_like_options(tract: Run):
    database("work.db")
    for text in ("what is --db for", "--- a/file.py", "-"):
        assert tract("user", "say", text).returncode == 0, text
    assert texts("work.db") == ["say what is --db for", "say --- a/file.py", "say -"]


def test_a_file_that_is_no_database_is_an_error(tract: Run):
    Path("notes.db").write_text("some notes, which nobody wants to lose" * 100)
    done = tract("--db", "notes.db", "log")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "some notes" in Path("notes.db").read_text()


def test_help_without_a_database(tract: Run):
    for words in ([], ["help"], ["--help"]):
        done = tract(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert all(f"\n  {name} " in done.stdout for name in COMMANDS)
        assert "TRACT_NB_DB" in done.stdout
        assert "\x1b" not in done.stdout
    done = tract("log", "--help")
    assert done.returncode == 0
    assert "--limit" in done.stdout


def test_demo_needs_no_database_and_leaves_none(tract: Run):
    done = tract("demo")
    assert done.returncode == 0
    assert "placeholders" in done.stdout + done.stderr
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("words", [["log"], ["help"], ["export"], ["status"]], ids=" ".join)
def test_a_reader_that_has_seen_enough_is_no_error(folder: Path, words: list[str]):
    """As in ``tract log | head -1``: here the reader is gone before the first line."""
    Tract.from_trace(samples.path(), "work.db").close()
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, *words], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode in (0, 141)


def test_head_takes_the_first_line(folder: Path):
    Tract.from_trace(samples.path(), "work.db").close()
    line = f"{sys.executable} -m tract_nb.cli log --graph -n 500 | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)


def unread(pipe: IO[bytes]) -> int:
    """Return how many bytes of a pipe nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0" * 4), sys.byteorder)


def test_ctrl_c_is_one_line_and_nothing_is_half_done(folder: Path):
    database("work.db", "one")
    pipe = subprocess.PIPE
    # a job in the background hands its children an ignored SIGINT
    running = subprocess.Popen(
        [*COMMAND, "user", "-"],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert running.stdin is not None
    running.stdin.write(b"the beginning of a text")
    running.stdin.flush()
    deadline = time.monotonic() + 30
    while unread(running.stdin) and time.monotonic() < deadline:
        time.sleep(0.05)  # until it has begun to read, and waits for more
    running.send_signal(signal.SIGINT)
    said, complained = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said == b""
    assert b"Traceback" not in complained
    assert len(complained.splitlines()) == 1
    assert texts("work.db") == ["one"]


def test_foreign_text_sends_no_commands_to_the_terminal(tract: Run):
    database("work.db", "before \x1b[2J\x1b]0;title\x07 after")
    for words in (["log"], ["status"], ["show"], ["log", "--graph"], ["branches"]):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", tract(*words).stdout), words


def test_another_tract_of_the_database(tract: Run):
    Tract.from_trace(samples.path(), "work.db").close()
    agent = Tract.open("work.db").tracts()[1][0]
    assert agent in tract("status", "-t", agent).stdout


def test_show_shows_the_whole_text(tract: Run):
    database("work.db", "word " * 100 + "end")
    assert "end" in tract("show").stdout


def test_called_from_a_program_it_does_not_go_on_talking_there(monkeypatch, tmp_path):
    heard: list[str] = []
    monkeypatch.setattr(Tract, "listener", heard.append)
    assert cli.main(["status", "--db", str(tmp_path / "nothing.db")]) == 1
    listener = Tract.listener
    assert listener is not None
    listener("still mine")
    assert heard == ["still mine"]
