"""Errors: two red lines, what is wrong and what to do, and a failure for every runner."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.notebook.helpers import ANSI, Kernel, Notebook

RED = "\x1b[31m"

#: a wrong line, and what its two lines must name
WRONG = {
    "%tract lgo": ["lgo", "log"],
    "%tract swich main": ["swich", "switch"],
    "%tract xyzzy": ["xyzzy", "help"],
    "%tract help lgo": ["lgo", "log"],
    "%tract log --limitt 3": ["--limitt", "--limit"],
    "%tract log -n many": ["many", "log --help"],
    "%tract log -n -1": ["-1"],
    "%tract log --kind nope": ["nope", "append"],
    "%tract log surplus": ["surplus"],
    "%tract switch": ["switch", "switch --help"],
    "%tract switch mian": ["mian", "main"],
    "%tract branch 'a b'": ["a b"],
    "%tract show 0000": ["0000"],
    "%tract show HEAD~99": ["HEAD~99", "log"],
    "%tract show": ["HEAD"],
    "%tract expand HEAD": ["HEAD"],
    "%tract pin": ["Nothing is named"],
    "%tract undo": ["undo", "operations"],
    "%tract use nobody": ["nobody", "default"],
    "%tract log -t nobody": ["nobody", "default"],
    "%tract import": ["trace", "--last"],
    "%tract import no/such/file.jsonl": ["no/such/file.jsonl"],
    "%tract trace no/such/file.jsonl": ["no/such/file.jsonl"],
    "%tract import .": [],
    "%tract import empty.jsonl": ["empty.jsonl"],
    "%tract import noise.jsonl": ["noise.jsonl"],
    "%tract open no/such/folder/work.db": ["work.db"],
    "%tract open .": [],
    "%tract open empty.jsonl/work.db": ["work.db"],
    "%tract open noise.jsonl": ["noise.jsonl"],
    "%tract open --budget few": ["few"],
    "%tract open postgresql://localhost/x": ["postgresql"],
    "%tract export --format yaml": ["yaml", "openai"],
    "%tract user it's": ["quote"],
    '%tract user the sign " alone': ["quote"],
    "%tract traces no/such/folder --nope": ["--nope"],
}


@pytest.fixture
def files(nb: Notebook) -> Notebook:
    nb.value("t = %tract open")
    Path("empty.jsonl").write_bytes(b"")
    Path("noise.jsonl").write_bytes(bytes(range(256)) * 64)
    return nb


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_line_is_told_in_two_lines(files: Notebook, line: str):
    lines = files.error(line)
    assert len(lines) == 2, lines
    assert all(lines)
    assert max(map(len, lines)) < 300
    said = "\n".join(lines)
    assert "object at" not in said
    assert "\x00" not in said
    for word in WRONG[line]:
        assert word in said


def test_the_kind_of_error_is_red(files: Notebook):
    assert files.run("%tract lgo").printed.startswith(RED + "CommandError")


def test_an_error_of_a_verb_in_python_looks_the_same(files: Notebook):
    assert files.error("t.show('nowhere')") == files.error("%tract show nowhere")


@pytest.mark.parametrize(
    "line", ["open --budget 0", "open --budget -5", "budget --largest -1", "log --graph -n -1"]
)
def test_a_number_that_makes_no_sense_is_an_error(files: Notebook, line: str):
    assert len(files.error(f"%tract {line}")) == 2


def test_the_tract_goes_on_after_an_error(files: Notebook):
    for line in WRONG:
        files.run(line)
    files.value("%tract use t")
    files.value("%tract user still here")
    assert [message.text for message in files["t"].compile().messages] == ["still here"]


def test_a_closed_tract_is_an_error_in_two_lines(files: Notebook):
    files.value("%tract user hello\nt.close()")
    assert len(files.error("%tract log")) == 2
    assert len(files.error("%tract user more")) == 2
    assert len(files.error("%tract status")) == 2


def test_hostile_text_in_an_error_is_two_lines_too(files: Notebook):
    files["name"] = "a\nb\x1b[31m<script>\r\n"
    assert len(files.error("%tract show $name")) == 2
    assert len(files.error("%tract switch $name")) == 2
    assert len(files.error("%tract branch $name")) == 2


def test_a_kernel_sends_an_error_output_of_two_lines(kernel: Kernel):
    reply = kernel.run("%tract lgo")
    assert reply.error is not None
    assert reply.error["ename"] == "CommandError"
    assert "lgo" in reply.error["evalue"]
    lines = [line for part in reply.error["traceback"] for line in part.splitlines()]
    assert [ANSI.sub("", line) for line in lines] == [
        "CommandError: There is no command 'lgo'.",
        "Did you mean log?",
    ]
    assert lines[0].startswith(RED)


def notebook(*sources: str) -> Any:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def test_nbclient_stops_at_an_error(tmp_path: Path):
    made = notebook("%load_ext tract_nb", "%tract lgo", "1 + 1")
    with pytest.raises(CellExecutionError, match="lgo"):
        NotebookClient(made, resources={"metadata": {"path": str(tmp_path)}}).execute()
    [output] = made.cells[1].outputs
    assert output.output_type == "error"
    assert len("\n".join(output.traceback).splitlines()) == 2
    assert made.cells[2].outputs == []


def test_nbval_fails_a_cell_with_an_error_and_passes_the_others(tmp_path: Path):
    file = tmp_path / "story.ipynb"
    nbformat.write(notebook("%load_ext tract_nb", "%tract user hello", "%tract lgo"), file)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
        str(file),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 2 passed" in done.stdout
