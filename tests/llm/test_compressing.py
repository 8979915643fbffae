"""compress(strategy="summarize"): what a model is asked, what is kept of it, and what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.helpers import texts
from tests.llm.fakes import Fake
from tract_nb import IMPORTANT, PINNED, SKIP, ContentError, ModelError, Tract, TractError
from tract_nb.llm import prompts
from tract_nb.llm.compressing import ASSUMED, PROMPT, shown, steps
from tract_nb.llm.prices import window
from tract_nb.model.compression import Compression
from tract_nb.model.event import Usage
from tract_nb.model.reply import Reply
from tract_nb.model.summariser import Original, summary_length

WORDS = "the tide table of the harbour is off by an hour in summer " * 12


def said(text: str) -> str:
    return f"<summary>\n{text}\n</summary>"


def opened(*answers: str | Reply | BaseException, **more: object) -> tuple[Tract, Fake]:
    fake = Fake(*answers)
    options: dict[str, Any] = {"model": "gpt-4o-mini", "llm": fake, **more}
    return Tract.open(**options), fake


def kept_of(t: Tract, done: Compression) -> dict[str, Any]:
    """What the first SUMMARY keeps of how it was written."""
    commit = done.groups[0].commit
    assert commit is not None
    kept: dict[str, Any] = (t.show(commit).metadata or {})["compression"]
    return kept


def groups_of(t: Tract, count: int) -> None:
    """So many runs of units, a pinned one between each two."""
    for number in range(count):
        if number:
            t.user(f"pin {number}", priority=PINNED)
        t.user(f"group {number}: {WORDS}")
        t.assistant(f"done with {number}: {WORDS}")


def test_a_model_is_sent_the_effective_texts_what_is_important_what_must_stay_and_the_persons_words():
    t, fake = opened(said("Summer is off by an hour in /src/tide.py."))
    one = t.user("The first version.")
    t.edit(one, f"Mend /src/tide.py. {WORDS}")
    t.annotate(t.user("Never mind {{this}}."), SKIP)
    t.tool_call("read", {"file_path": "/src/tide.py"}, "c1")
    t.tool_result("c1", f"def tide(): {WORDS}")
    t.annotate(t.user("Never push."), IMPORTANT)
    t.user("pinned", priority=PINNED)
    done = t.compress(
        strategy="summarize",
        mode="autonomous",
        keep_last=1,
        preserve=r"/src/\w+\.py",
        instructions="Keep {{names}}.",
    )
    assert texts(t) == ["Summer is off by an hour in /src/tide.py.", "pinned"]
    ((_, sent),) = fake.asked()
    assert '<important>\n<message role="user">\nNever push.\n</message>\n</important>' in sent
    assert f'<message role="tool" tool="read">\ndef tide(): {WORDS}\n</message>' in sent
    assert "<preserve>\n/src/tide.py\n</preserve>" in sent
    assert "<instructions>\nKeep {{names}}.\n</instructions>" in sent
    assert "first version" not in sent
    assert "Never mind" not in sent
    assert done.lost.to_frame().query("what == 'added'").empty


def test_a_summary_keeps_who_wrote_it_with_what_and_what_it_took():
    t, _ = opened(said("short"), operation_llm={"compress": {"model": "small", "temperature": 0}})
    groups_of(t, 1)
    done = t.compress(strategy="summarize", mode="autonomous", keep_last=0, instructions="Be short.")
    kept = kept_of(t, done)
    assert kept == {
        "strategy": "summarize",
        "units": 2,
        "tokens": done.groups[0].tokens_before,
        "approved_by": kept["approved_by"],
        "instructions": "Be short.",
        "prompt": prompts.load(PROMPT).used._asdict(),
        "model": "m-1",
        "config": {"model": "small", "temperature": 0},
        "calls": 1,
        "usage": Usage(20, 5)._asdict(),
        "cost": 0.001,
    }
    assert kept["approved_by"] == t.operations(1)[0].actor
    assert dict(t.provenance(done.groups[0].commit or "").made)["model"] == "m-1"
    t.undo()
    assert len(texts(t)) == 2


def test_the_model_of_the_call_comes_first():
    t, fake = opened(said("short"))
    groups_of(t, 1)
    t.compress(strategy="summarize", mode="autonomous", keep_last=0, model="other")
    assert fake.configs[0]["model"] == "other"


def test_a_long_group_goes_in_steps_that_fit_the_window_and_each_is_given_the_summary_so_far():
    t, fake = opened(*(said(f"summary {number}") for number in range(1, 9)), model="of-nobody")
    t.user("Never push.", priority=IMPORTANT)
    for number in range(12):
        t.user(f"turn {number}: {WORDS * 14}")
    done = t.compress(strategy="summarize", mode="autonomous", keep_last=0, target_tokens=500)
    assert len(fake.sent) > 1
    sent = [messages[0]["content"] for messages in fake.sent]
    assert all(t._ws.count(text) < ASSUMED for text in sent)
    for number, text in enumerate(sent):
        assert "Never push." in text
        before = f"summary {number}" if number else "(nothing)"
        assert f"<before>\n{before}\n</before>" in text
    places = [[f"turn {number}:" in text for text in sent].index(True) for number in range(12)]
    assert places == sorted(places)
    assert texts(t) == [f"summary {len(sent)}"]
    kept = kept_of(t, done)
    assert (kept["calls"], kept["usage"]["input_tokens"]) == (len(sent), 20 * len(sent))
    assert kept["cost"] == pytest.approx(0.001 * len(sent))


def original(text: str, tokens: int, *, important: bool = False) -> Original:
    return Original("0" * 64, "user", "dialogue", text, tokens, important)


def test_steps_leave_no_text_out_and_fit():
    long = original("".join(f"{number:05}" for number in range(2000)), 5000)
    others = [original(f"<{number}>", 100) for number in range(9)]
    found = steps([*others, long], 1000)
    assert "".join(one.text for _, part in found for one in part) == "".join(
        one.text for one in [*others, long]
    )
    assert all(sum(one.tokens for one in part) <= 1000 for _, part in found)
    assert steps([original("a", 5, important=True)], 1000) == [([original("a", 5, important=True)], [])]
    marked = original("marked", 900, important=True)
    first, *more = steps([marked, *others], 1000)
    assert first == ([], [marked])
    assert all(not important for important, _ in more)


def test_who_speaks_stands_beside_each_message():
    one = Original("0" * 64, "assistant", "artifact", "print(1)", 4)
    assert shown([one]) == '<message role="assistant" type="artifact">\nprint(1)\n</message>'


def test_the_window_is_known_offline():
    assert window("gpt-4o-mini") == window("openai/gpt-4o-mini") == 128_000
    assert window("of-nobody") is None
    assert window("of-nobody/gpt-4o-mini") == 128_000
    # the table has it at other providers alone: the smallest window that it has there
    assert window("x-ai/grok-4.1-fast") == window("openrouter/x-ai/grok-4.1-fast") == 131_072


def test_a_summary_that_does_not_do_is_asked_for_again_with_the_reason_and_what_that_took_is_counted():
    t, fake = opened(said("something else"), said(WORDS), said("see /src/tide.py"))
    t.user(f"Mend /src/tide.py. {WORDS}")
    t.user(WORDS)
    done = t.compress(
        strategy="summarize", mode="autonomous", keep_last=0, preserve=r"/src/\S+\.py", target_tokens=100
    )
    assert [group.draft for group in done.groups] == ["see /src/tide.py"]
    second, third = (messages[0]["content"] for messages in fake.sent[1:])
    assert "something else\n\nIt lacks, letter by letter: /src/tide.py\n</rejected>" in second
    assert f"{WORDS.strip()}\n\nIt has " in third
    assert "are allowed.\nIt lacks, letter by letter: /src/tide.py\n</rejected>" in third
    kept = kept_of(t, done)
    assert kept["calls"] == 3
    assert kept["usage"]["output_tokens"] == 15
    assert kept["cost"] == pytest.approx(0.003)


def test_what_a_target_is_missed_by_is_told():
    t, fake = opened(said("word " * 100))
    groups_of(t, 1)
    done = t.compress(strategy="summarize", mode="autonomous", keep_last=0, target_tokens=60)
    assert len(fake.sent) == 3
    assert done.missed == done.tokens_after - 60 > 0
    assert "more than the target" in done.says


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("", "did not answer in the form"),
        ("I cannot help with that.", "did not answer in the form"),
        (said(" \n "), "did not answer in the form"),
        (Reply("<summary>half a", finish="length"), "was cut off"),
        (said("x" * 900_000), "at most"),
        (ModelError("the provider is away", "Wait."), "the provider is away"),
    ],
)
def test_a_model_that_gives_no_summary_is_a_clear_error_and_the_history_is_as_before(answer, says):
    t, fake = opened(answer)
    groups_of(t, 1)
    before = t.compile().to_dicts(), len(t.operations())
    with pytest.raises(ModelError, match=says) as caught:
        t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert caught.value.hint
    assert len(fake.sent) == 1
    assert (t.compile().to_dicts(), len(t.operations())) == before


def test_a_summary_that_is_longer_than_what_it_stands_for_is_refused():
    t, fake = opened(said(WORDS * 4))
    groups_of(t, 1)
    before = t.compile().to_dicts()
    with pytest.raises(ContentError, match="what it would stand for"):
        t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert len(fake.sent) == 3
    assert t.compile().to_dicts() == before


def test_a_failure_at_the_third_of_five_groups_says_so_and_changes_nothing():
    t, fake = opened(said("one"), said("two"), ModelError("too many requests", "Wait."), said("never"))
    groups_of(t, 5)
    before = t.compile().to_dicts(), len(t.operations())
    with pytest.raises(ModelError, match=r"Group 3 of 5: too many requests"):
        t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert len(fake.sent) == 3
    assert (t.compile().to_dicts(), len(t.operations())) == before
    fake.answers = [said("short")]
    assert len(t.compress(strategy="summarize", mode="autonomous", keep_last=0).groups) == 5


def test_what_is_too_short_to_summarise_stays_and_no_model_is_asked():
    t, fake = opened(said("short"))
    short = t.user("ok")
    t.user("pinned", priority=PINNED)
    t.user(WORDS)
    done = t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert texts(t) == ["ok", "pinned", "short"]
    assert done.notes[-1] == "1 unit stayed: too short to summarise"
    assert t.compress(short, short, strategy="summarize", mode="autonomous").state == "nothing"
    assert len(fake.sent) == 1


def test_no_model_is_asked_where_nothing_it_writes_could_do():
    t, fake = opened(said("short"))
    t.user("This must stay word by word. " * 20, priority=PINNED)
    t.tag(t.user(WORDS), "free")
    before = t.compile().to_dicts(), len(t.operations())
    for options, says in (
        ({"target_tokens": 40}, "less than what is not compressed"),
        ({"commits": []}, "Nothing of this range shows"),
        ({"start": "HEAD~2", "end": "HEAD~1"}, "has no unit|pinned"),
        ({"start": "HEAD", "end": "HEAD~1"}, "stands behind"),
        ({"commits": ["HEAD~1"]}, "pinned"),
    ):
        with pytest.raises(TractError, match=says) as caught:
            t.compress(strategy="summarize", keep_last=0, **options)
        assert caught.value.hint
    t.annotate("free", PINNED)
    assert t.compress(strategy="summarize", keep_last=0).state == "nothing"
    t.undo()
    assert fake.sent == []
    assert t.compile().to_dicts() == before[0]


def test_without_a_model_it_says_what_to_do_and_in_a_batch_none_is_called():
    t, fake = opened(said("short"), model=None)
    groups_of(t, 1)
    with pytest.raises(TractError, match="needs a model") as caught:
        t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert "mask" in caught.value.hint
    with pytest.raises(TractError, match="never called inside a batch"), t.batch():
        t.compress(strategy="summarize", mode="autonomous", keep_last=0, model="m")
    assert fake.sent == []


def test_a_second_compression_summarises_the_summary():
    t, fake = opened(said("the first half"), said("all of it"))
    groups_of(t, 1)
    t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    t.user(WORDS)
    done = t.compress("HEAD~1", "HEAD", strategy="summarize", mode="autonomous")
    assert "the first half" in fake.asked()[0][1]
    assert texts(t) == ["all of it"]
    kinds = [row.kind for row in t.expand(done.groups[0].commit)]
    assert sorted(kinds) == ["append", "append", "append", "summary"]


def test_without_a_target_a_summary_has_a_fifth_within_what_a_model_writes_at_once():
    assert [summary_length(tokens) for tokens in (100, 1_000, 850_000)] == [80, 200, 8_000]
    t, fake = opened(said("short"))
    t.user(f"{WORDS} " * 400)
    t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert "8,000 tokens, about 6,000 words" in fake.asked()[0][1]
