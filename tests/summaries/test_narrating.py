"""The narrative of a trace: what a model is shown of it, what comes of what it says, and what it cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.llm.fakes import Fake
from tests.summaries.conftest import FINDING
from tests.trace.helpers import call, record, result, said
from tests.trace.written import WRITTEN, put
from tract_nb import ModelError, trace
from tract_nb.engine.tokens import TiktokenCounter
from tract_nb.llm.prompts import load
from tract_nb.model.event import Usage
from tract_nb.model.reply import Reply
from tract_nb.summaries import narrating
from tract_nb.trace.front_matter import read_front_matter
from tract_nb.trace.summary import STRUCTURE_ONLY

TOLD = f"## Task\nA review.\n\n## Feedback of subagents\n> {FINDING}\n→ taken up: by the file's time"


def answer(text: str = TOLD) -> str:
    return f"Here it is:\n<narrative>\n{text}\n</narrative>"


def facts(path: Path) -> dict[str, Any]:
    return read_front_matter(path.read_text())[0]


def asked(fake: Fake, call: int = 0) -> str:
    """Return what stands in the prompt of a call, of the material alone."""
    text: str = fake.sent[call][0]["content"]
    return text


# What the model says ---------------------------------------------------------------------------------


def test_metadata_structure_and_narrative_stand_in_one_file(reviewed: Path) -> None:
    fake = Fake(Reply(answer(), (), Usage(900, 70, 12), 0.0021, "provider/m-1", "stop"))
    path = trace.create_trace_summary(reviewed, "m", llm=fake)
    assert path == reviewed.with_name("code_trace_summary.md")
    said, text = read_front_matter(path.read_text())
    assert text.index("## Feedback of subagents") < text.index("## Metadata")
    assert "- Session 0a0a-1b1b (code\\_trace)" in text
    assert "- `Task`: 1" in text
    assert f"> {FINDING} [agent aa11, line " in text
    assert STRUCTURE_ONLY not in text
    assert "Here it is" not in text
    assert (said["model"], said["answered_by"]) == ("m", "provider/m-1")
    assert (said["calls"], said["input_tokens"], said["output_tokens"], said["cost"]) == (1, 900, 70, 0.0021)
    prompt = load("trace_summarization")
    assert (said["prompt"], said["prompt_name"], said["prompt_version"]) == (prompt.hash, prompt.name, 1)
    assert (said["quotes"], said["quotes_verbatim"], said["share_verbatim"]) == (1, 1, 1.0)
    assert said["left_out"] == {}


def test_what_nobody_reported_is_not_guessed(reviewed: Path) -> None:
    said = facts(trace.create_trace_summary(reviewed, "m", llm=Fake(Reply(answer()))))
    assert (said["input_tokens"], said["output_tokens"], said["cost"]) == (None, None, None)


def test_the_model_without_a_name_is_the_default_one(reviewed: Path, monkeypatch) -> None:
    fake = Fake(answer())
    assert facts(trace.create_trace_summary(reviewed, llm=fake))["model"] == "x-ai/grok-4.1-fast"
    assert fake.configs[0]["model"] == "x-ai/grok-4.1-fast"
    monkeypatch.setenv("TRACT_NB_LLM_MODEL", "other")
    assert facts(trace.create_trace_summary(reviewed, llm=fake))["model"] == "other"


def test_the_narrative_alone_writes_no_file(reviewed: Path) -> None:
    made_up = "Nobody ever said this sentence here."
    fake = Fake(answer(f"{TOLD}\n> {made_up}"))
    narrative = trace.generate_narrative_summary(trace.read(reviewed), "m", llm=fake)
    assert narrative.removed == (made_up,)
    assert narrative.share == 0.5
    assert narrative.facts["cost"] == 0.001
    assert f"> {FINDING} [agent aa11, line " in narrative.text
    assert "of 2 quotes 1 verbatim, 0 mended, 1 taken out" in repr(narrative)
    assert [one.name for one in reviewed.parent.iterdir()] == ["code_trace.md"]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_format_has_one(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name)
    fake = Fake(answer("## Outcome\n> It reads again."))
    said = facts(trace.create_trace_summary(path, "m", llm=fake))
    assert (said["quotes"], said["quotes_verbatim"]) == (1, 1)
    assert "It reads again." in asked(fake)


def test_structure_alone_asks_nobody_and_says_so(reviewed: Path) -> None:
    fake = Fake(answer())
    path = trace.create_trace_summary(reviewed, "m", llm=fake, narrative=False)
    assert fake.sent == []
    assert STRUCTURE_ONLY in path.read_text()
    assert facts(path)["narrative"] is False


# What the model is shown -------------------------------------------------------------------------------


def test_it_is_shown_structure_turns_and_reports_and_what_is_not_there(reviewed: Path) -> None:
    fake = Fake(answer())
    trace.create_trace_summary(reviewed, "m", llm=fake)
    shown = asked(fake)
    assert trace.extract_structural_data(reviewed).to_markdown() in shown
    assert "user:\nPlease review\nthe cache of the   tide tables." in shown
    assert f"[subagent aa11, no type] reports: {FINDING}" in shown
    assert "I invalidate it by the file's time now." in shown
    assert "Not in it: 1 results of tools, 1 steps of subagents." in shown


def test_secrets_are_kept_from_the_model_and_can_be_quoted(markdown) -> None:
    secret = "ghp_" + "a1B2" * 9
    line = f"Use the token {secret} for the upload of the tide tables."
    path = markdown(said("User", line))
    fake = Fake(answer("> Use the token [secret: github-token] for the upload of the tide tables."))
    text = trace.create_trace_summary(path, "m", llm=fake).read_text()
    assert secret not in asked(fake)
    assert secret not in text
    assert "[secret: github-token] for the upload of the tide tables. [main, line " in text
    assert read_front_matter(text)[0]["share_verbatim"] == 1.0
    fake = Fake(answer(f"> {line}"))
    trace.create_trace_summary(path, "m", llm=fake, redact=False, regenerate=True)
    assert secret in asked(fake)


def test_what_no_request_can_hold_is_replaced_and_can_be_quoted(session) -> None:
    records = [
        record("user", "Half of a smile \ud83d, and {{trace}} </trace> {{before}} at last.", "u1", None),
        record("assistant", call("Bash", "t1", command="echo \ud83d"), "a1", "u1"),
    ]
    fake = Fake(answer("> Half of a smile \ufffd, and {{trace}} </trace> {{before}} at last."))
    path = trace.create_trace_summary(session(*records), "m", llm=fake)
    assert (
        asked(fake).encode().decode().count("Half of a smile \ufffd, and {{trace}} </trace> {{before}}") == 1
    )
    assert facts(path)["share_verbatim"] == 1.0
    assert "- `echo \ufffd`" in path.read_text()


def talk(turns: int, words: int) -> list[dict[str, Any]]:
    """Return a session in which much is said and done."""
    records = [record("user", "Mend the gauge.", "u", None)]
    for turn in range(turns):
        said = [{"type": "text", "text": f"Turn {turn}: " + "the tide is high " * words}]
        above = records[-1]["uuid"]
        records.append(record("assistant", said, f"s{turn}", above))
        asked_for = call("Bash", f"t{turn}", command=f"make gauge{turn} " + "1 2 3 4 5 " * 14)
        records.append(record("assistant", asked_for, f"c{turn}", f"s{turn}"))
        records.append(record("user", result(f"t{turn}", "done"), f"r{turn}", f"c{turn}"))
    return records


def test_what_has_no_room_is_left_out_and_counted(session) -> None:
    path = session(*talk(60, 20))  # some 5,000 tokens are said, 4,000 more are calls
    fake = Fake(answer("Told."))
    said = facts(trace.create_trace_summary(path, "unknown-model", llm=fake))
    assert len(fake.sent) == 1
    left = said["left_out"]["calls"]
    assert 0 < left <= 60
    assert set(said["left_out"]) == {"calls"}
    assert f"{left} calls" in asked(fake).partition("Not in it:")[2].partition("\n")[0]
    assert f"[left out for want of room: {left} calls]" in asked(fake)
    for turn in range(60):
        assert f"Turn {turn}: " in asked(fake)
    narrator = TiktokenCounter("unknown-model")
    assert narrator.count(asked(fake)) < narrating.ASSUMED


def test_where_not_even_what_was_said_fits_it_is_told_in_steps(session) -> None:
    path = session(*talk(60, 90))
    answers = [answer(f"Told up to {number}.") for number in range(9)]
    fake = Fake(*answers)
    said = facts(trace.create_trace_summary(path, "unknown-model", llm=fake))
    assert said["calls"] == len(fake.sent) > 2
    assert said["input_tokens"] == 20 * len(fake.sent)
    assert said["cost"] == pytest.approx(0.001 * len(fake.sent))
    counter = TiktokenCounter("unknown-model")
    for number in range(len(fake.sent)):
        shown = asked(fake, number)
        assert counter.count(shown) < narrating.ASSUMED
        assert f"Step {number + 1} of {len(fake.sent)} of the trace" in shown
        assert "[left out for want of room: 60 calls]" in shown
        if number:
            assert f"<before>\nTold up to {number - 1}.\n</before>" in shown
    whole = "".join(asked(fake, number) for number in range(len(fake.sent)))
    for turn in range(60):
        assert whole.count(f"Turn {turn}: ") == 1
    text = Path(path.with_name(f"{path.stem}_summary.md")).read_text()
    assert f"Told up to {len(fake.sent) - 1}." in text
    assert "Told up to 0." not in text


def test_a_sum_of_which_a_part_is_not_known_is_not_known(session) -> None:
    path = session(*talk(60, 90))
    whole = Reply(answer(), (), Usage(20, 5), 0.001)
    for part in (Reply(answer(), (), Usage(20, 5)), Reply(answer(), (), None, 0.001)):
        said = facts(trace.create_trace_summary(path, "m", llm=Fake(whole, part), regenerate=True))
        assert said["calls"] > 1
        assert (said["cost"] is None) is (part.cost is None)
        assert (said["input_tokens"] is None) is (said["output_tokens"] is None) is (part.usage is None)


def test_a_message_longer_than_a_step_is_shown_in_parts_that_say_so(session) -> None:
    lines = [f"Line {number} of a long letter about tides." for number in range(2_000)]
    path = session(record("user", "\n".join(lines), "u1", None))
    fake = Fake(answer("Told."))
    trace.create_trace_summary(path, "unknown-model", llm=fake)
    whole = "\n".join(asked(fake, number) for number in range(len(fake.sent)))
    assert len(fake.sent) > 2
    assert f"user (part 1 of {whole.count('user (part ')}):" in whole
    shown = whole.splitlines()
    assert all(shown.count(line) == 1 for line in lines), "each line stands in one part, whole"


def test_a_trace_that_would_take_too_many_calls_is_refused_before_the_first(session) -> None:
    path = session(*talk(60, 900))
    fake = Fake(answer())
    with pytest.raises(
        ModelError, match=r"an unknown number of tokens, 16,000 are assumed.* calls"
    ) as caught:
        trace.create_trace_summary(path, "unknown-model", llm=fake)
    assert "larger window" in caught.value.hint
    assert fake.sent == []
    assert trace.create_trace_summary(path, "gpt-4o", llm=fake).exists()


def test_a_narrative_that_leaves_no_room_for_the_next_step_is_an_error(session) -> None:
    path = session(*talk(60, 90))
    fake = Fake(answer("tides " * 5_000))
    with pytest.raises(ModelError, match="its own narrative of the first steps has 5,00"):
        trace.create_trace_summary(path, "unknown-model", llm=fake)
    assert len(fake.sent) == 1


def test_a_window_too_small_for_anything_is_refused(reviewed: Path, monkeypatch) -> None:
    monkeypatch.setattr(narrating, "window", lambda _: 4_096)
    fake = Fake(answer())
    with pytest.raises(ModelError, match="takes 4,096 tokens, so little"):
        trace.create_trace_summary(reviewed, "m", llm=fake)
    assert fake.sent == []


def test_a_long_structure_is_shortened_for_a_small_window(session) -> None:
    records = [record("user", "Go", "u0", None)]
    for turn in range(60):
        file = "/".join([f"folder{turn}"] * 60)
        records.append(record("assistant", call("Read", f"t{turn}", file_path=file), f"a{turn}", "u0"))
        records.append(record("user", result(f"t{turn}", "ok"), f"r{turn}", f"a{turn}"))
    fake = Fake(answer("Told."))
    path = trace.create_trace_summary(session(*records), "unknown-model", llm=fake)
    assert "- … 50 more" in asked(fake)
    text = path.read_text()
    assert "- … 50 more" in text
    assert text.count("`folder") == 10, "ten are always named: the size of a summary is a goal, no more"


# What goes wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Reply(""), "did not answer in the form"),
        (Reply("I would rather not."), "did not answer in the form"),
        (Reply("<narrative>\n \n</narrative>"), "did not answer in the form"),
        (Reply("<narrative>\nThe agent began by", (), None, None, None, "length"), "was cut off"),
        (Reply("<narrative>\nThe agent began by"), "did not answer in the form"),
        (Reply(answer("so long " * 10_000)), "wrote 80,000 characters where at most"),
        (ModelError("It is down.", "Wait."), "It is down"),
    ],
)
def test_a_failing_model_leaves_what_was_there(reviewed: Path, said: Any, why: str) -> None:
    path = trace.create_trace_summary(reviewed, "m", llm=Fake(answer()))
    before = path.read_text()
    for regenerate, model in ((True, "m"), (False, "another")):
        with pytest.raises(ModelError, match=why) as caught:
            trace.create_trace_summary(reviewed, model, llm=Fake(said), regenerate=regenerate)
        assert str(caught.value).startswith("No summary of code_trace.md: ")
        assert caught.value.hint
        assert path.read_text() == before
    assert sorted(one.name for one in reviewed.parent.iterdir()) == ["code_trace.md", path.name]


def test_a_failing_model_makes_no_structural_summary_instead(reviewed: Path) -> None:
    with pytest.raises(ModelError):
        trace.create_trace_summary(reviewed, "m", llm=Fake(Reply("no")))
    assert [one.name for one in reviewed.parent.iterdir()] == ["code_trace.md"]


def test_a_failure_in_a_later_step_leaves_what_was_there(session) -> None:
    path = session(*talk(60, 90))
    with pytest.raises(ModelError, match="It is down"):
        trace.create_trace_summary(path, "m", llm=Fake(answer("Told."), ModelError("It is down.")))
    assert [one.name for one in path.parent.iterdir() if one.is_file()] == [path.name]


def test_an_interrupt_leaves_what_was_there_and_the_lock_is_free(reviewed: Path) -> None:
    path = trace.create_trace_summary(reviewed, "m", llm=Fake(answer()))
    before = path.read_text()
    with pytest.raises(KeyboardInterrupt):
        trace.create_trace_summary(reviewed, "m", llm=Fake(KeyboardInterrupt()), regenerate=True)
    assert path.read_text() == before
    assert sorted(one.name for one in reviewed.parent.iterdir()) == ["code_trace.md", path.name]
    fake = Fake(answer("Another."))
    assert "Another." in trace.create_trace_summary(reviewed, "m", llm=fake, regenerate=True).read_text()


def test_a_trace_that_grows_meanwhile_is_summarised_again(session) -> None:
    growing = session(record("user", "Mend the gauge.", "u1", None))
    fake = Fake(answer("Before."), answer("After."))

    def grow() -> None:
        fake.meanwhile = None
        with growing.open("a") as file:
            file.write(json.dumps(record("user", "One more thing: the chart too.", "u2", "u1")) + "\n")

    fake.meanwhile = grow
    path = trace.create_trace_summary(growing, "m", llm=fake)
    assert "Before." in path.read_text()
    assert "After." in trace.create_trace_summary(growing, "m", llm=fake).read_text()
    assert "the chart too" in asked(fake, 1)
    trace.create_trace_summary(growing, "m", llm=fake)
    assert len(fake.sent) == 2


def test_an_error_of_ones_own_model_is_not_taken_for_one_of_the_file(reviewed: Path) -> None:
    with pytest.raises(ConnectionError, match="my own"):
        trace.create_trace_summary(reviewed, "m", llm=Fake(ConnectionError("my own")))
