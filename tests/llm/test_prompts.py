"""Prompts: files with a name, a version, inputs and a hash; and what a model wrote with one."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tract_nb import Tract, TractError
from tract_nb.errors import ModelError, PromptError
from tract_nb.llm import prompts
from tract_nb.llm.asking import Asker, between
from tract_nb.llm.merging import propose
from tract_nb.llm.settings import Layers
from tract_nb.model.conflict import Conflict
from tract_nb.model.event import Usage
from tract_nb.model.reply import Reply

GOOD = "---\nname: mine\nversion: 3\ninputs: [one, two]\n---\nSay {{one}} and {{ two }}, {not} this.\n"


class Answers:
    """A model that says what it is told to, and keeps what it was sent."""

    def __init__(self, text: str, finish: str = "stop") -> None:
        self.text, self.finish = text, finish
        self.sent: list[tuple[Any, Any]] = []

    def complete(self, messages, config, *, on_text=None, cancel=None):
        self.sent.append((messages, config))
        return Reply(self.text, usage=Usage(9, 4), cost=0.25, model="m-1", finish=self.finish)


def asker(llm: Answers) -> Asker:
    return Asker(llm, Layers.made({"temperature": 0}, None).resolve("merge", {"api_key": "sk-1"}, model="m"))


def proposed(text: str, **more: Any) -> Any:
    given = {"base": "Use tabs.", "ours": "Use two tabs.", "theirs": "Use spaces.", **more}
    return propose(asker(Answers(text)), **given)


def test_a_prompt_is_filled_once_and_what_an_input_says_is_no_place():
    prompt = prompts.read(GOOD, "mine.md")
    assert prompt.fill(one="{{two}}", two="{{one}}") == "Say {{two}} and {{one}}, {not} this."
    assert prompt.used == ("mine", 3, hashlib.sha256(prompt.text.encode()).hexdigest())


def test_every_shipped_prompt_is_as_the_readme_says():
    assert "merge_resolution" in prompts.names()
    for name in prompts.names():
        prompt = prompts.load(name)
        assert prompt.name == name
        assert prompt.version >= 1
        assert prompt.fill(**dict.fromkeys(prompt.inputs, "x"))


def test_a_prompt_of_ones_own_is_a_path(tmp_path):
    path = tmp_path / "other.md"
    path.write_text(GOOD.replace("\n", "\r\n"), encoding="utf-8", newline="")
    assert prompts.load(path).inputs == ("one", "two")
    with pytest.raises(PromptError, match="cannot be read"):
        prompts.load(tmp_path / "none.md")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("Say {{one}}.", "no front matter"),
        (GOOD.replace("version: 3\n", ""), "does not say name, version and inputs"),
        (GOOD.replace("version: 3", "version: new"), "does not say name, version and inputs"),
        (GOOD.replace("[one, two]", "one"), "does not say name, version and inputs"),
        (GOOD.replace("version: 3", "version 3"), "is no field"),
        (GOOD.replace("[one, two]", "[one]"), "not its inputs: two"),
        (GOOD.replace("[one, two]", "[one, two, three]"), "not its inputs: three"),
    ],
)
def test_a_prompt_file_that_is_wrong_is_told(source, says):
    with pytest.raises(PromptError, match=says):
        prompts.read(source, "mine.md")


@pytest.mark.parametrize("name", ["nonsense", "../README", "README"])
def test_a_prompt_that_is_not_there(name):
    with pytest.raises(PromptError, match="There is no prompt") as found:
        prompts.load(name)
    assert "merge_resolution" in found.value.hint


def test_inputs_that_do_not_fit():
    with pytest.raises(PromptError, match="lacks two and has no place for three"):
        prompts.read(GOOD, "mine.md").fill(one="1", three="3")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("<merged>\nUse it.\n</merged>", "Use it."),
        ("Sure!\n<merged>Use it.</merged> Anything else?", "Use it."),
        ("<merged>\n```\nUse it.\n```\n</merged>", "Use it."),
        ("```xml\n<merged>\nUse it.\n</merged>\n```", "Use it."),
        (
            "<merged>\n```sh\nrun\n```\nthen\n```sh\nstop\n```\n</merged>",
            "```sh\nrun\n```\nthen\n```sh\nstop\n```",
        ),
        ("<merged>\n  indented\n\n</merged>", "  indented"),
        ("I cannot help with that.", None),
        ("</merged> Use <merged>", None),
        ("<merged>Use it.</merged>\n<merged>Leave it.</merged>", None),
    ],
)
def test_the_text_is_taken_out_of_a_reply(said, text):
    assert between(said, "merged") == text


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("context_compression", "summary"),
        ("merge_resolution", "merged"),
        ("trace_summarization", "narrative"),
    ],
)
def test_a_model_that_gives_the_prompt_back_has_not_answered(name, tag):
    inputs: Any = dict.fromkeys(prompts.load(name).inputs, "what is to be read")
    echo = prompts.load(name).fill(**inputs)
    with pytest.raises(ModelError, match="did not answer in the form"):
        asker(Answers(echo)).ask(name, tag, **inputs)
    assert asker(Answers(f"<{tag}>the answer</{tag}>")).ask(name, tag, **inputs).text == "the answer"


def test_a_merge_sends_both_texts_and_the_persons_words():
    llm = Answers("<merged>Use two spaces.</merged>")
    found = propose(
        asker(llm),
        base="Use tabs.",
        ours="Use two tabs.",
        theirs="Use spaces.",
        theirs_name="calm",
        instructions="Keep the {{number}}.",
    )
    ((messages, config),) = llm.sent
    sent = messages[0]["content"]
    for said in ("Use tabs.", "Use two tabs.", "Use spaces.", '"calm"', "Keep the {{number}}."):
        assert said in sent
    assert config["api_key"] == "sk-1"
    assert found.text == "Use two spaces."
    assert found.metadata() == {
        "written_by": {
            "prompt": prompts.load("merge_resolution").used._asdict(),
            "model": "m-1",
            "config": {"model": "m", "temperature": 0},
            "usage": Usage(9, 4)._asdict(),
            "cost": 0.25,
        }
    }


@pytest.mark.parametrize("said", ["", "I will not merge this.", "<merged>\n\n</merged>", "<merged>half"])
def test_a_merge_without_a_merged_text_is_an_error(said):
    with pytest.raises(ModelError, match="did not answer in the form"):
        proposed(said)


def test_a_merge_that_is_cut_off_or_far_too_long_is_an_error():
    with pytest.raises(ModelError, match="200,000 characters where at most"):
        proposed(f"<merged>{'x' * 200_000}</merged>")
    with pytest.raises(ModelError, match="was cut off"):
        propose(asker(Answers("<merged>Use</merged>", finish="length")), base=None, ours="a", theirs="b")


def disputed(kind: str = "text", base: str = "Use tabs.", *, takes_text: bool = True) -> Conflict:
    """Return a conflict of a merge."""
    return Conflict(
        key=f"{kind}{base}",
        kind=kind,
        question="Which?",
        commit="ab" * 32,
        role="system",
        type="instruction",
        base=base,
        ours="Use two tabs.",
        theirs="Use spaces.",
        takes_text=takes_text,
    )


def test_a_tract_asks_for_each_conflict_of_texts_with_the_settings_of_merge():
    llm = Answers("<merged>Use two spaces.</merged>")
    t = Tract.open(model="small", llm=llm, operation_llm={"merge": {"model": "big", "temperature": 0}})
    conflicts = [disputed(), disputed("priority", takes_text=False), disputed(base="")]
    found = t._propose(conflicts, instructions="Spaces, please.")
    assert [one and one.text for one in found] == ["Use two spaces.", None, "Use two spaces."]
    assert [config["model"] for _, config in llm.sent] == ["big", "big"]
    assert "Spaces, please." in llm.sent[0][0][0]["content"]
    t._propose(conflicts[:1], model="other")
    assert llm.sent[-1][1]["model"] == "other"
    with t.batch(), pytest.raises(TractError, match="never called inside a batch"):
        t._propose(conflicts)
    t.close()
