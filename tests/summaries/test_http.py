"""Summaries through the real litellm, over HTTP: from a program, two processes, a terminal and a notebook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.llm.server import MODEL, ModelServer, Script
from tests.summaries.conftest import FINDING
from tract_nb import CallCancelledError, Cancel, ModelError, Replay, ReplayError, cli, trace
from tract_nb.trace.front_matter import read_front_matter
from tract_nb.trace.summary import STRUCTURE_ONLY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("litellm")]

KEY = "sk-planted-4c1d2b7e9f0a4c1d2b7e9f0a"
TOLD = f"<narrative>\n## Feedback of subagents\n> {FINDING}\n→ taken up\n</narrative>"


@pytest.fixture
def settings(server: ModelServer) -> dict[str, object]:
    return {"api_base": server.base, "api_key": KEY, "timeout": 20, "retries": 0}


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def environment(server: ModelServer, cache: Path) -> dict[str, str]:
    """Return the environment of a process that asks the model on loopback."""
    return {
        **os.environ,
        "OPENAI_API_KEY": KEY,
        "TRACT_NB_LLM_API_BASE": server.base,
        "TRACT_NB_LLM_RETRIES": "0",
        "TRACT_NB_CACHE": str(cache),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


def test_a_summary_is_asked_for_once_and_holds_no_key(server, reviewed, settings) -> None:
    server.say(TOLD)
    model = f"openai/{MODEL}"
    path = trace.create_trace_summary(reviewed, model, settings=settings)
    assert trace.create_trace_summary(reviewed, model, settings=settings) == path
    (seen,) = server.seen
    assert KEY in seen.headers["authorization"]
    assert FINDING in seen.messages[0]["content"]
    said, text = read_front_matter(path.read_text())
    assert f"> {FINDING} [agent aa11, line " in text
    assert (said["model"], said["answered_by"], said["config"]) == (model, MODEL, {})
    assert (said["input_tokens"], said["output_tokens"]) == (20, 5)
    assert said["cost"] > 0
    assert not any(KEY.encode() in data for data in files(reviewed.parent).values())


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (Script(status=401, echoes_key=True), "refused the key"),
        (Script(status=500), "failed with 500"),
        (Script(""), "answered with nothing"),
        (Script("<narrative>\nThe agent", finish="length"), "cut off"),
        (Script("I cannot help with that."), "did not answer in the form"),
        (Script(raw=b"<html>"), "no JSON"),
    ],
)
def test_a_failing_model_leaves_what_was_there(server, reviewed, settings, script, why) -> None:
    model = f"openai/{MODEL}"
    server.say(TOLD, script)
    trace.create_trace_summary(reviewed, model, settings=settings)
    before = files(reviewed.parent)
    with pytest.raises(ModelError, match=why) as caught:
        trace.create_trace_summary(reviewed, model, settings=settings, regenerate=True)
    assert KEY not in str(caught.value) + repr(vars(caught.value))
    assert files(reviewed.parent) == before


def test_the_default_model_is_called_at_openrouter(server, reviewed, settings) -> None:
    server.say(TOLD)
    path = trace.create_trace_summary(reviewed, settings=settings)
    assert server.seen[0].body["model"] == "x-ai/grok-4.1-fast"
    assert read_front_matter(path.read_text())[0]["model"] == "x-ai/grok-4.1-fast"


def test_without_a_key_it_says_which_and_makes_no_lesser_summary(reviewed) -> None:
    with pytest.raises(ModelError, match="There is no key for openrouter") as caught:
        trace.create_trace_summary(reviewed)
    assert "OPENROUTER_API_KEY" in caught.value.hint
    assert list(files(reviewed.parent)) == ["code_trace.md"]


def test_several_processes_ask_once(server, reviewed, cache) -> None:
    server.say(Script(TOLD, hang_after=-1))
    code = f"from tract_nb import trace; trace.create_trace_summary({str(reviewed)!r}, 'openai/{MODEL}')"
    env = environment(server, cache)
    running = [subprocess.Popen([sys.executable, "-c", code], env=env) for _ in range(3)]
    assert server.reached.wait(60)
    server.released.set()
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(server.seen) == 1
    assert sorted(files(reviewed.parent)) == ["code_trace.md", "code_trace_summary.md"]


def test_ctrl_c_leaves_what_was_there_and_the_lock_is_free(server, reviewed, settings, cache) -> None:
    server.say(TOLD, Script(TOLD, hang_after=-1))
    model = f"openai/{MODEL}"
    trace.create_trace_summary(reviewed, model, settings=settings)
    before = files(reviewed.parent)
    words = ["trace", "summarize", str(reviewed), "--model", model, "--regenerate"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tract_nb.cli", *words],
        env=environment(server, cache),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.reached.wait(60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (130, "interrupted; nothing is half done")
    assert server.hung_up.wait(60)
    assert files(reviewed.parent) == before
    server.scripts.clear()
    server.say(TOLD)
    trace.create_trace_summary(reviewed, model, settings=settings, regenerate=True)


def test_it_can_be_cancelled(server, reviewed, settings) -> None:
    server.say(Script(TOLD, hang_after=3))
    cancel = Cancel()
    said: list[str] = []

    def stop(piece: str) -> None:
        said.append(piece)
        cancel.cancel()

    with pytest.raises(CallCancelledError, match=r"^The call of openai .* was cancelled"):
        trace.create_trace_summary(
            reviewed, f"openai/{MODEL}", settings=settings, on_text=stop, cancel=cancel
        )
    assert said
    assert list(files(reviewed.parent)) == ["code_trace.md"]


def test_the_terminal_writes_one(server, reviewed, monkeypatch, capsys) -> None:
    server.say(TOLD)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("TRACT_NB_LLM_API_BASE", server.base)
    monkeypatch.chdir(reviewed.parent)
    command = ["trace", "summarize", str(reviewed), "--model", f"openai/{MODEL}"]
    assert cli.main(command) == 0
    path = reviewed.with_name("code_trace_summary.md")
    printed = capsys.readouterr()
    assert printed.out.strip() == str(path)
    assert "20 tokens in, 5 out" in printed.err
    assert "of 1 quotes 1 verbatim" in printed.err
    assert FINDING in path.read_text()
    assert cli.main([*command, "--regenerate"]) == 0
    assert len(server.seen) == 2
    assert cli.main(["trace", "summarize", str(reviewed), "--structure-only", "--regenerate"]) == 0
    assert STRUCTURE_ONLY in path.read_text()
    assert len(server.seen) == 2
    monkeypatch.delenv("OPENAI_API_KEY")
    before = files(reviewed.parent)
    capsys.readouterr()
    assert cli.main(command) == 1
    assert capsys.readouterr().err.startswith("ModelError: No summary of code_trace.md: There is no key")
    assert files(reviewed.parent) == before, "no database is made for it, and no lesser summary"


def test_a_replay_makes_the_same_summary_again(server, reviewed, settings, tmp_path) -> None:
    server.say(TOLD)
    answers = tmp_path / "answers.json"
    model = f"openai/{MODEL}"
    path = trace.create_trace_summary(reviewed, model, llm=Replay(answers, "record"), settings=settings)
    first = path.read_text()
    path.unlink()
    assert trace.create_trace_summary(reviewed, model, llm=Replay(answers)).read_text() == first
    assert KEY not in answers.read_text()
    with pytest.raises(ReplayError, match=r"^\S*answers.json has no answer"):
        trace.create_trace_summary(reviewed, "openai/gpt-4o", llm=Replay(answers))
    assert path.read_text() == first
