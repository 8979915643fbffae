"""Summaries: what Python counted, labelled; quotes that stand in the trace; made once, and whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trace.helpers import call, record, result, said
from tests.trace.written import WRITTEN, put
from tract_nb import trace
from tract_nb.errors import TraceError
from tract_nb.trace.front_matter import read_front_matter, with_front_matter
from tract_nb.trace.narrative import Told
from tract_nb.trace.quotes import TAKEN_OUT
from tract_nb.trace.structural import code, plain
from tract_nb.trace.summary import STRUCTURE_ONLY, kept_summary, summary_path

Write = Callable[..., Path]
REVIEW = "The cache is never invalidated when a tide table changes on disk."


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACT_NB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Teller:
    """A narrator that says what it is told to say, and counts how often it was asked."""

    def __init__(self, text: str = f"> {REVIEW}", model: str = "m1", prompt_hash: str = "p1") -> None:
        self.text = text
        self.model = model
        self.prompt_hash = prompt_hash
        self.asked: list[trace.StructuralData] = []

    def __call__(self, tr: trace.Trace, structure: trace.StructuralData, *, redact: bool) -> Told:
        self.asked.append(structure)
        return Told(self.text, {"calls": 1})


@pytest.fixture
def reviewed(markdown: Write) -> Path:
    return markdown(
        said("User", "Please review\nthe cache of the   tide tables."),
        said("Assistant", 'I will.\n\n**Tool: Bash**\n```json\n{"command": "make test"}\n```', 1),
        said("User", "**Tool Result** (ID: t1)\n```\nExit code 2\nno rule\n```", 2),
        "\n\n## Subagent: agent-aa11\n",
        said("Assistant", f"## Findings\n\n1. {REVIEW}\n2. Fine otherwise.", 3),
    )


# Structure -------------------------------------------------------------------------------------------


def test_the_structural_part_alone_says_that_it_is(reviewed: Path) -> None:
    path = kept_summary(reviewed, None)
    assert path == reviewed.with_name("code_trace_summary.md")
    facts, text = read_front_matter(path.read_text())
    assert facts["narrative"] is False
    assert facts["model"] is None
    assert STRUCTURE_ONLY in text
    assert "- `Bash`: 1, 1 failed" in text
    assert "- `make test` (exit 2)" in text
    assert "no rule" in text
    assert "aa11" in text
    assert REVIEW not in text, "what was said is the narrative's"


@pytest.mark.parametrize("name", WRITTEN)
def test_every_format_has_one(tmp_path: Path, name: str) -> None:
    tr = trace.read(put(tmp_path, name))
    data = trace.extract_structural_data(tr)
    assert data == trace.extract_structural_data(tr.path)
    assert sum(tool[1] for tool in data.tools) == len(tr.calls)
    assert data.events == len(list(tr.events))
    path = kept_summary(tr.path, None)
    assert data.to_markdown() in path.read_text()
    with pytest.raises(TraceError):
        trace.read(path)  # a summary is not taken for a trace


def test_two_conversations_of_one_file_have_two_summaries(tmp_path: Path) -> None:
    path = put(tmp_path, "openai_chat, conversations")
    made = {kept_summary(f"{path}#{part}", None) for part in (1, 2)}
    assert {one.name for one in made} == {"tuning_1_summary.md", "tuning_2_summary.md"}


def test_long_lists_end_with_what_they_left_out(session: Write) -> None:
    records = [record("user", "Go", "u0", None)]
    for turn in range(60):
        above = records[-1]["uuid"]
        asked = call("Bash", f"t{turn}", command=f"echo {turn} " + "x" * 500)
        records.append(record("assistant", asked, f"a{turn}", above))
        records.append(record("user", result(f"t{turn}", "ok"), f"r{turn}", f"a{turn}"))
    text = trace.extract_structural_data(session(*records)).to_markdown()
    assert "- … 20 more" in text
    assert len(text) < 10_000


def test_foreign_text_is_no_markup() -> None:
    assert plain("<b> [x](y) *z* _u_ `c` # | \\") == r"\<b\> \[x\](y) \*z\* \_u\_ \`c\` \# \| " + "\\\\"
    assert plain("# title\n\n---\nnext") == r"\# title --- next"
    assert code("a`b``c") == "``` a`b``c ```"
    assert code("a\n# b") == "`a # b`"


def test_secrets_are_replaced(markdown: Write) -> None:
    secret = "ghp_" + "a1B2" * 9
    path = markdown(said("Assistant", f'**Tool: Bash**\n```json\n{{"command": "echo {secret}"}}\n```'))
    text = kept_summary(path, None).read_text()
    assert secret not in text
    assert "[secret: github-token]" in text
    assert read_front_matter(text)[0]["secrets_replaced"] == 1
    assert secret in kept_summary(path, None, redact=False, regenerate=True).read_text()


def test_the_real_trace(traces: Path, tmp_path: Path) -> None:
    path = tmp_path / "code_trace.md"
    path.write_bytes((traces / "code_trace" / "test-planner-subagent" / "code_trace.md").read_bytes())
    text = kept_summary(path, None).read_text()
    assert 1_000 < len(text.encode()) < 10_240
    for line in ("- `Read`: 46", "- `Bash`: 45, 6 failed", "- `Edit`: 17", "- `Task`: 4"):
        assert f"\n{line}\n" in text
    data = trace.extract_structural_data(path)
    assert (len(data.files_read), len(data.files_modified), len(data.files_created)) == (19, 4, 2)
    assert (len(data.failures), len(data.agents), len(data.commands)) == (6, 8, 45)


# Quotes ----------------------------------------------------------------------------------------------


def test_a_quote_is_marked_with_where_it_stands(reviewed: Path) -> None:
    tr = trace.read(reviewed)
    checked = trace.check_quotes(f"The review said:\n\n> “{REVIEW}”\n\nand so on.\n", tr)
    (quote,) = checked.quotes
    assert quote.is_verbatim
    assert quote.agent == "aa11"
    assert reviewed.read_text().splitlines()[(quote.line or 0) - 1] == f"1. {REVIEW}"
    assert checked.text.splitlines()[2] == f"> “{REVIEW}” [agent aa11, line {quote.line}]"
    assert checked.share == 1.0


def test_white_space_does_not_count(reviewed: Path) -> None:
    checked = trace.check_quotes("> Please review the cache of the tide tables.", trace.read(reviewed))
    assert checked.verbatim == 1
    line = reviewed.read_text().splitlines().index("Please review") + 1
    assert checked.text.endswith(f"[main, line {line}]")


@pytest.mark.parametrize("quote", [REVIEW, "The cache is never invalidated if a tide table changes on disk."])
def test_a_quote_stands_where_it_was_said(markdown: Write, quote: str) -> None:
    told = f"**Tool Result** (ID: t1)\n```\n[{{'type': 'text', 'text': '{REVIEW}'}}]\n```"
    prompt = f'**Tool: Task**\n```json\n{{"prompt": "{REVIEW}"}}\n```'
    path = markdown(
        said("Assistant", prompt),
        said("User", told, 1),
        "\n\n## Subagent: agent-aa11\n",
        said("Assistant", REVIEW, 2),
    )
    (found,) = trace.check_quotes(f"> {quote}", trace.read(path)).quotes
    assert (found.agent, found.found) == ("aa11", REVIEW)


@pytest.mark.parametrize("mark", ["1. > ", "12) >", "+ > ", "- 1. > ", "> > ", "  3. >> "])
def test_a_quote_in_a_list_or_in_a_quote_is_looked_up_too(reviewed: Path, mark: str) -> None:
    checked = trace.check_quotes(f"{mark}{REVIEW}\n{mark}Nobody said so at all.", trace.read(reviewed))
    assert [quote.is_verbatim for quote in checked.quotes] == [True, False]
    assert REVIEW in checked.text.splitlines()[0]
    assert checked.text.splitlines()[1] == f"{mark}{TAKEN_OUT}"


def test_a_quote_that_is_near_is_mended(reviewed: Path) -> None:
    wrong = "The cache is never invalidated if a tide table changes on the disk."
    checked = trace.check_quotes(f"> {wrong}", trace.read(reviewed))
    assert checked.text == f"> {REVIEW} [agent aa11, line {checked.quotes[0].line}]"
    assert (checked.verbatim, checked.mended, checked.removed) == (0, 1, ())
    assert checked.quotes[0].text == wrong


@pytest.mark.parametrize(
    "made_up",
    [
        "All tests pass and the cache is perfectly fine.",
        "Not fine",
        "The tide table is invalidated on disk when a cache changes never.",
        "x" * 50_000,
    ],
)
def test_a_quote_that_stands_nowhere_is_taken_out(reviewed: Path, made_up: str) -> None:
    checked = trace.check_quotes(f"Before\n> {made_up}\nAfter", trace.read(reviewed))
    assert checked.text == f"Before\n> {TAKEN_OUT}\nAfter"
    assert checked.removed == (made_up,)
    assert checked.share == 0.0


@pytest.mark.parametrize(
    "mark", ["[line 3]", "[main, line 3]", "[agent aa11, lines 3-4]", "[agent zz, line 1]"]
)
def test_a_place_that_the_writer_gives_is_no_part_of_the_quote(reviewed: Path, mark: str) -> None:
    tr = trace.read(reviewed)
    checked = trace.check_quotes(f"> {REVIEW} {mark}", tr)
    assert checked.share == 1.0
    assert checked.text == f"> {REVIEW} [agent aa11, line {checked.quotes[0].line}]"
    assert trace.check_quotes(f"> Nobody said so at all. {mark}", tr).text == f"> {TAKEN_OUT}"


def test_words_in_quotation_marks_are_quotes_too(reviewed: Path) -> None:
    tr = trace.read(reviewed)
    line = trace.check_quotes(f"> {REVIEW}", tr).quotes[0].line
    near = "The cache is never invalidated if a tide table changes on the disk."
    checked = trace.check_quotes(
        f'- It said "{REVIEW}" [main, line 1] and “{near}”, then "all of it is perfectly fine" twice.', tr
    )
    assert checked.text == (
        f'- It said "{REVIEW}" [agent aa11, line {line}] and “{REVIEW}” [agent aa11, line {line}], then '
        f"{TAKEN_OUT} twice."
    )
    assert (checked.verbatim, checked.mended, len(checked.removed)) == (1, 1, 1)
    assert [quote.text for quote in checked.quotes] == [REVIEW, near, "all of it is perfectly fine"]


@pytest.mark.parametrize(
    "text",
    [
        'The "fast path" is "not so fast".',
        'It ran `git commit -m "mend the cache of tides"` at last.',
        '```\nprint("one two three four five")\n```',
        'A 5" pipe between the two of 6" and 7".',
        '{"one": "two", "three": "four", "five": "six"}',
        'An "unclosed quotation mark of many words',
    ],
)
def test_code_and_short_words_in_quotation_marks_are_none(reviewed: Path, text: str) -> None:
    checked = trace.check_quotes(text, trace.read(reviewed))
    assert (checked.text, checked.quotes) == (text, ())


def test_a_text_without_quotes_stays_as_it_is(reviewed: Path) -> None:
    text = "## Intent\n\n- to mend\n\n>\n"
    checked = trace.check_quotes(text, trace.read(reviewed))
    assert (checked.text, checked.quotes, checked.share) == (text, (), None)


def test_quotes_of_arguments_and_of_lines_in_json(session: Write) -> None:
    prompt = 'Review the "gauge".\nSay what is wrong with it.'
    path = session(
        record("user", "One\nTwo lines of a prompt.", "u1", None),
        record("assistant", call("Task", "t1", prompt=prompt), "a1", "u1"),
    )
    text = '> Review the "gauge".\n> Say what is wrong with it.\n> Two lines of a prompt.'
    checked = trace.check_quotes(text, trace.read(path))
    assert [(quote.is_verbatim, quote.line) for quote in checked.quotes] == [(True, 2), (True, 2), (True, 1)]


def test_every_line_of_the_real_findings_is_found_where_it_stands(traces: Path) -> None:
    path = traces / "code_trace" / "test-planner-subagent" / "code_trace.md"
    tr = trace.read(path)
    lines = path.read_text().splitlines()
    answer = str(tr.agents["74754666"].answer)
    wanted = [line.strip() for line in answer.splitlines() if len(line.split()) > 5][:40]
    checked = trace.check_quotes("\n".join(f"> {line}" for line in wanted), tr)
    assert checked.verbatim == len(wanted) > 20
    for quote in checked.quotes:
        assert " ".join(quote.text.split()) in " ".join(lines[(quote.line or 0) - 1].split())


# The narrative's place ---------------------------------------------------------------------------------


def test_a_narrative_is_checked_and_its_share_is_told(reviewed: Path) -> None:
    narrator = Teller(f"## Feedback\n\n> {REVIEW}\n> Nobody ever said this sentence here.")
    path = kept_summary(reviewed, narrator)
    facts, text = read_front_matter(path.read_text())
    assert (facts["model"], facts["prompt"], facts["narrative"]) == ("m1", "p1", True)
    assert (facts["quotes"], facts["quotes_verbatim"], facts["quotes_removed"]) == (2, 1, 1)
    assert facts["share_verbatim"] == 0.5
    assert f"> {REVIEW} [agent aa11, line " in text
    assert "Nobody ever said" not in text
    assert "1 quote stands nowhere in the trace and was taken out." in text
    assert STRUCTURE_ONLY not in text
    assert narrator.asked == [trace.extract_structural_data(reviewed)]


# The cache -----------------------------------------------------------------------------------------------


def test_it_is_kept_while_trace_prompt_and_model_are_the_same(reviewed: Path) -> None:
    narrator = Teller()
    path = kept_summary(reviewed, narrator)
    first = path.read_text()
    os.utime(reviewed, (time.time() + 60, time.time() + 60))
    assert kept_summary(reviewed, narrator) == path
    assert len(narrator.asked) == 1
    for other in (Teller(model="m2"), Teller(prompt_hash="p2")):
        kept_summary(reviewed, other)
        assert len(other.asked) == 1
    kept_summary(reviewed, narrator)
    assert len(narrator.asked) == 2
    assert path.read_text() == first
    reviewed.write_bytes(reviewed.read_bytes() + said("User", "Thanks.", 9).encode())
    kept_summary(reviewed, narrator)
    assert len(narrator.asked) == 3
    kept_summary(reviewed, narrator, regenerate=True)
    assert len(narrator.asked) == 4


def test_a_narrative_is_not_replaced_by_less(reviewed: Path) -> None:
    path = kept_summary(reviewed, Teller())
    first = path.read_text()
    assert kept_summary(reviewed, None).read_text() == first
    narrator = Teller()
    kept_summary(reviewed, None, regenerate=True)
    assert STRUCTURE_ONLY in path.read_text()
    kept_summary(reviewed, narrator)
    assert len(narrator.asked) == 1


def test_a_summary_of_another_tool_holds_while_it_is_newer(reviewed: Path) -> None:
    path = reviewed.with_name("code_trace_summary.md")
    for text in ("# By hand\n", "---\ntitle: By hand\nlist:\n  - a\n---\ntext\n", "---\nnever closed\n"):
        path.write_text(text)
        os.utime(path, (2_000_000_000, 2_000_000_000))
        assert kept_summary(reviewed, None).read_text() == text
    os.utime(path, (1, 1))
    assert STRUCTURE_ONLY in kept_summary(reviewed, None).read_text()


def test_a_summary_without_a_word_in_it_does_not_hold(reviewed: Path) -> None:
    path = reviewed.with_name("code_trace_summary.md")
    for text in ("", " \n\n", "---\ntitle: x\n---\n"):
        path.write_text(text)
        os.utime(path, (2_000_000_000, 2_000_000_000))
        assert STRUCTURE_ONLY in kept_summary(reviewed, None).read_text()


def test_one_with_secrets_does_not_hold_for_one_without(markdown: Write) -> None:
    secret = "ghp_" + "a1B2" * 9
    path = markdown(said("User", f"Use {secret} for the upload."))
    teller = Teller(f"> Use {secret} for the upload.")
    assert secret in kept_summary(path, teller, redact=False).read_text()
    assert secret not in kept_summary(path, teller).read_text()
    assert len(teller.asked) == 2


def test_a_trace_that_is_taken_away_meanwhile_is_an_error_of_the_trace(reviewed: Path) -> None:
    class Thief(Teller):
        def __call__(self, tr: trace.Trace, structure: trace.StructuralData, *, redact: bool) -> Told:
            reviewed.unlink()
            return super().__call__(tr, structure, redact=redact)

    with pytest.raises(TraceError, match="cannot be read any more") as caught:
        kept_summary(reviewed, Thief())
    assert caught.value.path == reviewed
    assert list(reviewed.parent.iterdir()) == []


def test_a_subagents_file_is_part_of_the_trace(session: Write) -> None:
    kid = {"isSidechain": True, "agentId": "aa"}
    main = session(record("user", "x", "u1", None), name="p/s1.jsonl")
    agent = session(record("user", "x", "k1", None, **kid), name="p/s1/subagents/agent-aa.jsonl")
    narrator = Teller("nothing")
    kept_summary(main, narrator)
    agent.write_bytes(agent.read_bytes() * 2)
    path = kept_summary(main, narrator)
    assert len(narrator.asked) == 2
    path.write_text("By hand.")
    os.utime(path, (2_000_000_000, 2_000_000_000))
    kept_summary(main, narrator)
    assert len(narrator.asked) == 2
    os.utime(agent, (2_000_000_001, 2_000_000_001))
    kept_summary(main, narrator)
    assert len(narrator.asked) == 3


def test_a_failure_leaves_the_old_one_and_nothing_else(reviewed: Path) -> None:
    class Broken(Teller):
        def __call__(self, tr: trace.Trace, structure: trace.StructuralData, *, redact: bool) -> Told:
            raise TraceError("no answer")

    path = kept_summary(reviewed, None)
    first = path.read_text()
    with pytest.raises(TraceError, match="no answer"):
        kept_summary(reviewed, Broken(), regenerate=True)
    assert path.read_text() == first
    assert sorted(one.name for one in reviewed.parent.iterdir()) == ["code_trace.md", "code_trace_summary.md"]


def test_it_is_written_whole_or_not_at_all(reviewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept_summary(reviewed, None)
    first = path.read_text()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TraceError, match="No space left") as caught:
        kept_summary(reviewed, None, regenerate=True)
    assert caught.value.path == path
    assert path.read_text() == first
    assert len(list(reviewed.parent.iterdir())) == 2


ONCE = """
import sys, time
from pathlib import Path
from tract_nb.trace.narrative import Told
from tract_nb.trace.quotes import TAKEN_OUT
from tract_nb.trace.summary import kept_summary

class Slow:
    model, prompt_hash = "m", "p"
    def __call__(self, tr, structure, *, redact):
        with Path(sys.argv[2]).open("a") as file:
            file.write("asked\\n")
        time.sleep(1)
        return Told("told")

kept_summary(sys.argv[1], Slow())
"""


def test_two_processes_make_it_once(reviewed: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    command = [sys.executable, "-c", ONCE, str(reviewed), str(asked)]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert asked.read_text() == "asked\n"
    assert "told" in summary_path(trace.read(reviewed)).read_text()


def test_a_folder_that_is_not_ours(reviewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    teller = Teller()
    with pytest.raises(TraceError, match="Permission denied") as caught:
        kept_summary(reviewed, teller)
    assert caught.value.hint
    assert teller.asked == [], "a model that is paid for is not asked in vain"


def test_a_summary_is_read_back(reviewed: Path) -> None:
    summary = trace.read_summary(kept_summary(reviewed, Teller()))
    assert summary.facts["model"] == "m1"
    assert summary.text.startswith("# Trace summary")
    assert summary.told == "m1 · of 1 quotes 1 verbatim, 0 mended, 0 taken out"
    assert repr(summary) == f"TraceSummary({summary.told})"
    counted = trace.read_summary(kept_summary(reviewed, None, regenerate=True))
    assert counted.told == "the structure alone, as Python counts it"
    by_hand = reviewed.with_name("hand.md")
    by_hand.write_text("By hand.")
    assert (trace.read_summary(by_hand).facts, trace.read_summary(by_hand).text) == ({}, "By hand.")
    assert trace.read_summary(by_hand).told == "the summary of another tool"
    with pytest.raises(TraceError, match="cannot be read"):
        trace.read_summary(reviewed.with_name("none.md"))


def test_front_matter_comes_back() -> None:
    facts = {"a": 1, "b": None, "c": "x: y\n---", "d": [1, {"e": True}], "ü": 0.5}
    assert read_front_matter(with_front_matter(facts, "text\n---\nmore")) == (facts, "text\n---\nmore")
    assert read_front_matter("text") == ({}, "text")
    assert read_front_matter("") == ({}, "")
