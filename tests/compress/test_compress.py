"""compress lets less stand for a part of the context; what was there is hidden, never gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.core.stories import merge
from tests.trust.helpers import texts
from tract_nb import IMPORTANT, PINNED, SKIP, ContentError, HeadMovedError, RefError, Tract, TractError
from tract_nb.model.commit import Kind
from tract_nb.model.summariser import Draft, Original

OUTPUT = "\n".join(f"line {number} of tide_table.py" for number in range(80))


@pytest.fixture
def t(tmp_path):
    with Tract.open(tmp_path / "work.db", verify_cache=True) as tract:
        yield tract
        assert tract.verify().rows == ()


def work(t: Tract, turns: int = 6) -> None:
    """Some turns of an agent: asked, read a file, ran a command that failed, answered."""
    t.system("Be brief.")
    for number in range(turns):
        t.user(f"Please look at tide_{number}.py, and never touch config.toml.")
        t.tool_call("read", {"file_path": f"src/tide_{number}.py"}, f"r{number}")
        t.tool_result(f"r{number}", f"{number}: {OUTPUT}")
        t.tool_call("run", {"command": f"pytest -q -k {number}"}, f"c{number}")
        t.tool_result(f"c{number}", f"{OUTPUT}\nKeyError: 'tide {number}'", "error")
        t.assistant(f"The table {number} is off by {number}.5 hours.")


# -- masks ------------------------------------------------------------------------------------------


def test_masks_are_the_default_and_leave_the_recent_window_and_what_people_said(t):
    work(t)
    before = t.compile()
    done = t.compress()
    after = t.compile()
    assert done.strategy == "mask"
    assert after.commit_hashes == before.commit_hashes
    changed = [
        place
        for place, (one, other) in enumerate(zip(before.messages, after.messages, strict=True))
        if one.text != other.text
    ]
    assert changed
    assert all(before.messages[place].is_result for place in changed)
    assert max(changed) < len(before) - 10
    assert (done.tokens_before, done.tokens_after) == (before.token_count, after.token_count)
    assert done.saved == before.token_count - after.token_count > 0
    line = after.messages[changed[1]].text
    assert line.startswith("[run pytest -q -k 0, error (KeyError: 'tide 0'): ")
    assert "sha256" in line
    assert t.operations(1)[0].verb == "compress"
    t.compile().to_anthropic()
    assert t.compile().warnings == ()


def test_important_and_pinned_outputs_survive_a_mask_byte_for_byte(t):
    work(t)
    results = [row.commit for row in t.log(role="tool")][::-1]
    t.annotate(results[0], IMPORTANT)
    t.annotate(results[1], PINNED)
    before = {row: t.show(row).text for row in results}
    t.compress(keep_last=0)
    now = {message.commit[:12]: message.text for message in t.compile().messages}
    assert now[results[0]] == before[results[0]]
    assert now[results[1]] == before[results[1]]
    assert now[results[2]] != before[results[2]]


def test_a_mask_that_would_save_nothing_is_not_written_and_a_second_one_neither(t):
    t.tool_call("read", {"path": "a"}, "c1")
    t.tool_result("c1", "short")
    assert t.compress(keep_last=0).state == "nothing"
    work(t)
    assert t.compress(keep_last=0).state == "applied"
    operations = len(t.operations())
    assert t.compress(keep_last=0).state == "nothing"
    assert len(t.operations()) == operations


def test_long_texts_of_the_model_are_masked_too_and_never_a_person_s(t):
    long = "word " * 1200
    asked, said, made = t.user(long), t.assistant(long), t.artifact(long)
    t.compress(keep_last=0)
    assert texts(t)[0] == long
    assert [text.startswith("[") for text in texts(t)] == [False, True, True]
    t.restore([said, made])
    assert texts(t) == [long] * 3
    assert t.show(asked).text == long


def test_restore_edits_a_mask_back_to_what_stood_there(t):
    work(t)
    results = [row.commit for row in t.log(role="tool")]
    t.edit(results[-1], "edited by hand " * 50)
    before = texts(t)
    done = t.compress(keep_last=0)
    assert texts(t) != before
    t.restore(results, "wanted again")
    assert texts(t) == before
    assert t.restore(results) is None
    assert t.operations(1)[0].reason == "wanted again"
    t.undo()
    assert texts(t) != before
    t.undo()
    assert texts(t) == before
    assert done.groups[0].tokens_after < done.groups[0].tokens_before


def test_the_same_mask_on_two_branches_says_the_same(t):
    work(t)
    t.branch("try")
    t.compress()
    one = texts(t)
    t.switch("try")
    t.compress()
    assert texts(t) == one
    t.switch("main")
    merge(t, "try")
    assert texts(t) == one


def test_a_mask_that_a_merge_settled_on_is_one_still(t):
    work(t)
    result = t.log(role="tool")[-1].commit
    before = t.show(result).text
    t.branch("side")
    t.compress(commits=result, strategy="mask")
    line = t.show("HEAD").text
    t.switch("side")
    t.edit(result, "edited by hand " * 50)
    t.switch("main")
    t.merge("side", strategy="ours")
    assert line in texts(t)
    assert t.compress(commits=result, strategy="mask").state == "nothing"
    t.restore(result)
    assert before in texts(t), "what the line stands for, not what the other branch said"
    assert line not in texts(t)


def test_what_must_be_preserved_is_not_masked(t):
    work(t)
    t.compress(keep_last=0, preserve=r"KeyError: 'tide 1'")
    kept = [text for text in texts(t) if text.endswith("KeyError: 'tide 1'")]
    assert len(kept) == 1


# -- summaries --------------------------------------------------------------------------------------


def test_a_text_of_one_s_own_stands_for_a_range_where_it_began(t):
    one, two, three, four = (t.user(word) for word in ("one", "two", "three", "four"))
    done = t.compress(two, three, content="two and three")
    assert texts(t) == ["one", "two and three", "four"]
    assert done.strategy == "text"
    (group,) = done.groups
    assert group.units == (two.hash, three.hash)
    summary = t.show(group.commit)
    assert summary.kind is Kind.SUMMARY
    assert summary.targets == (two.hash, three.hash)
    assert (summary.role, summary.priority.name) == ("user", "NORMAL")
    assert summary.metadata["compression"]["approved_by"] == "user"
    assert [row.commit for row in t.expand(summary)] == [two.short, three.short]
    t.restore(summary)
    assert texts(t) == ["one", "two", "three", "four"]
    t.undo()
    t.undo()
    assert texts(t) == ["one", "two", "three", "four"]
    assert t.show(one).hash == one.hash
    assert t.show(four).hash == four.hash


def test_a_pin_splits_what_is_compressed_into_runs(t):
    units = [t.user(f"{number}") for number in range(7)]
    t.annotate(units[3], PINNED)
    done = t.compress(units[1], units[5], content=["before", "behind"])
    assert texts(t) == ["0", "before", "3", "behind", "6"]
    assert [len(group.units) for group in done.groups] == [2, 2]
    t.undo()
    t.compress(units[1], units[5], content="all of it")
    assert texts(t) == ["0", "all of it", "3", "6"]


def test_what_is_skipped_is_neither_covered_nor_a_gap(t):
    units = [t.user(f"{number}") for number in range(4)]
    t.annotate(units[1], SKIP)
    t.compress(commits=[units[0], units[2]], content="one text")
    assert texts(t) == ["one text", "3"]
    t.annotate(units[1], "NORMAL")
    assert texts(t) == ["one text", "1", "3"]


def test_scattered_units_become_a_group_each_and_what_is_between_stays(t):
    units = [t.user(f"{number}") for number in range(5)]
    log = t.log().to_frame()
    chosen = log[log.preview.isin(["0", "2", "3"])]
    t.compress(commits=chosen, content=["zero", "two and three"])
    assert texts(t) == ["zero", "1", "two and three", "4"]
    assert t.show(units[1]).text == "1"


def test_a_call_goes_with_its_results_or_not_at_all(t):
    t.user("look")
    one = t.tool_call("read", {"path": "a"}, "c1")
    two = t.tool_call("read", {"path": "b"}, "c2")
    result = t.tool_result("c1", "a is here")
    t.tool_result("c2", "b is here")
    end = t.assistant("done")
    t.annotate(result, PINNED)
    done = t.compress(content="they were read", keep_last=0)
    assert texts(t)[:2] == ["they were read", t.show(one).text]
    assert "a is here" in texts(t)
    assert "b is here" not in texts(t)
    assert done.notes
    assert t.compile().warnings == ()
    t.undo()
    t.annotate(result, "NORMAL")
    before = texts(t)
    with pytest.raises(ContentError, match="covered"):
        t.compress(two, two, content="half a pair")
    assert texts(t) == before
    t.compress(one, end, content="all of them")
    assert texts(t) == ["look", "all of them"]


def test_a_second_compression_covers_the_summary_of_the_first_and_what_it_stands_for(t):
    units = [t.user(f"{number}") for number in range(5)]
    first = t.compress(units[0], units[1], content="first").groups[0].commit
    second = t.compress(first, units[3], content="second").groups[0].commit
    assert texts(t) == ["second", "4"]
    assert t.show(second).targets == (first, *(unit.hash for unit in units[:4]))
    assert "first" in [row.preview.rpartition(": ")[2] for row in t.expand(second)]
    t.restore(second)
    assert texts(t) == ["first", "2", "3", "4"]


def test_the_default_begins_behind_the_last_summary_and_leaves_the_last_units(t):
    for number in range(5):
        t.user(f"{number}")
    t.compress(content="first", keep_last=3)
    assert texts(t) == ["first", "2", "3", "4"]
    t.compress(content="second", keep_last=2)
    assert texts(t) == ["first", "second", "3", "4"]
    assert t.compress(content="nothing", keep_last=2).state == "nothing"


def test_a_pinned_text_survives_any_number_of_compressions(t):
    t.user("a")
    t.user("keep me\r\n", priority=PINNED)
    for number in range(4):
        t.user(f"{number}")
        t.compress("HEAD~1" if number else None, content=f"s{number}", keep_last=0)
    assert "keep me\r\n" in texts(t)


def test_a_summary_can_be_edited_pinned_and_sees_the_edited_text(t):
    one = t.user("port 8080 is open")
    t.edit(one, "port 9090 is open")
    t.user("and more of it")
    done = t.compress(strategy="structural", keep_last=0)
    assert done.state == "nothing"  # two short messages are shorter than what a summary says of them
    done = t.compress(content="the port", keep_last=0)
    (row,) = [row for row in done.lost if row.kind == "number"] or [None]
    assert row is None or "8080" not in row.text
    t.edit(done.groups[0].commit, "the port is 9090")
    t.annotate(done.groups[0].commit, PINNED)
    assert texts(t) == ["the port is 9090"]


# -- structural ---------------------------------------------------------------------------------------


def test_a_structural_summary_says_what_was_asked_decided_done_and_what_failed(t):
    work(t)
    t.annotate(t.log(role="assistant")[-1].commit, IMPORTANT)
    done = t.compress(strategy="structural")
    text = done.groups[0].draft
    for said in (
        "Please look at tide_0.py, and never touch config.toml.",
        "src/tide_0.py (read)",
        "pytest -q -k 0: error",
        "KeyError: 'tide 0'",
        "read x",
        "Important:",
    ):
        assert said in text, text
    assert texts(t)[0] == "Be brief."
    assert texts(t)[1] == text
    assert done.tokens_after < done.tokens_before / 2
    assert t.compile().token_count == done.tokens_after
    assert done.lost.rows
    assert {row.what for row in done.lost} <= {"lost", "added"}


def test_the_words_of_a_decision_are_the_user_s_own(t):
    work(t, 2)
    t.user("That is fine. Use the UTC column instead of local time. Thank you for the table of the harbour!")
    for number in range(12):
        t.user(f"{number} " * 20)
    text = t.compress(strategy="structural").groups[0].draft
    assert "- Use the UTC column instead of local time." in text


def test_a_target_is_met_by_leaving_out_what_weighs_least(t):
    work(t, 12)
    whole = t.compress(strategy="structural", dry_run=True)
    target = whole.tokens_after - 150
    done = t.compress(strategy="structural", target_tokens=target)
    assert done.missed == 0
    assert target - 150 < done.tokens_after <= target
    assert t.compile().token_count == done.tokens_after
    assert "Tools:" not in done.groups[0].draft or "Commands:" not in done.groups[0].draft


def test_a_target_is_split_over_the_groups_by_their_weight(t):
    work(t, 12)
    middle = t.log(role="user")[4].commit
    t.annotate(middle, PINNED)
    whole = t.compress(strategy="structural", dry_run=True)
    assert len(whole.groups) == 2
    target = whole.tokens_after - 200
    done = t.compress(strategy="structural", target_tokens=target, dry_run=True)
    assert done.tokens_after <= target
    one, two = done.groups
    assert one.tokens_before > two.tokens_before
    assert one.tokens_after > two.tokens_after
    assert t.operations(1)[0].verb == "annotate"


def test_a_target_that_cannot_be_met_says_by_how_much(t):
    work(t)
    target = t.compress(keep_last=20, dry_run=True).tokens_after - 50
    done = t.compress(target_tokens=target, keep_last=20)
    assert done.missed == done.tokens_after - done.target_tokens > 0
    assert "more than the target" in repr(done)


# -- what must survive, what got lost ------------------------------------------------------------------


def test_a_text_without_what_must_be_preserved_is_refused(t):
    t.user("deploy to host-7.example.org on friday")
    t.user("with the token rotated")
    before = texts(t)
    with pytest.raises(ContentError, match=r"host-7\.example\.org"):
        t.compress(content="deploy on friday", keep_last=0, preserve=[r"host-\d\S+"])
    assert texts(t) == before
    t.compress(content="deploy to host-7.example.org", keep_last=0, preserve=[r"host-\d\S+"])


def test_a_structural_summary_keeps_it_word_by_word(t):
    work(t)
    done = t.compress(strategy="structural", preserve=r"line 7\d of tide_table\.py")
    assert "line 79 of tide_table.py" in done.groups[0].draft


def test_what_got_lost_and_what_was_added_is_a_table(t):
    one = t.user("Read src/tide.py; it took 350 ms. See https://example.org/a and `make tides`.")
    t.assistant("ValueError: bad hour in parse_hour().")
    done = t.compress(content="src/tide.py took 15 ms with new_flag", keep_last=0, dry_run=True)
    assert done.state == "proposed"
    frame = done.lost.to_frame()
    lost = frame[frame.what == "lost"]
    assert {"350 ms", "https://example.org/a", "make tides", "parse_hour"} <= set(lost.text)
    assert "src/tide.py" not in set(lost.text)
    assert lost[lost.text == "350 ms"].commit.tolist() == [one.short]
    assert {"15 ms", "new_flag"} == set(frame[frame.what == "added"].text)
    assert len(texts(t)) == 2


# -- a model --------------------------------------------------------------------------------------------


def test_without_a_model_summarize_says_what_to_do(t):
    work(t)
    with pytest.raises(TractError, match="needs a model") as caught:
        t.compress(strategy="summarize")
    assert "mask" in caught.value.hint


class Writer:
    """A summariser that notes what it is given."""

    def __init__(self, drafts: list[str | None]) -> None:
        self.drafts = drafts
        self.seen: list[Any] = []
        self.locked: list[bool] = []

    def __call__(self, originals: Sequence[Original], **options: Any) -> Draft | None:
        self.seen.append((originals, options))
        text = self.drafts[(len(self.seen) - 1) % len(self.drafts)]
        return None if text is None else Draft(text, {"model": "made-up"})


def test_a_model_is_given_the_effective_texts_the_important_first_and_its_prompt_is_kept(t):
    one, two, three = t.user("one"), t.user("two"), t.user(f"three {OUTPUT}")
    t.edit(one, "one, edited")
    t.annotate(two, SKIP)
    t.annotate(three, IMPORTANT)
    writer = Writer(["short"])
    t._ws.summariser = writer
    done = t.compress(strategy="summarize", mode="autonomous", keep_last=0, instructions="be short")
    (group, options) = writer.seen[0]
    assert [(original.text, original.important) for original in group] == [
        (f"three {OUTPUT}", True),
        ("one, edited", False),
    ]
    assert options["instructions"] == "be short"
    assert texts(t) == ["short"]
    kept = t.show(done.groups[0].commit).metadata["compression"]
    assert (kept["model"], kept["instructions"]) == ("made-up", "be short")
    made = dict(t.provenance(done.groups[0].commit).made)
    assert made["model"] == "made-up"


@pytest.mark.parametrize("mode", ["autonomous", "collaborative"])
@pytest.mark.parametrize("drafts", [[None], [" "], ["\n\t"]])
def test_a_model_that_gives_nothing_changes_nothing(t, drafts, mode):
    work(t)
    before = texts(t)
    t._ws.summariser = Writer(drafts)
    with pytest.raises(ContentError, match="No summary came"):
        t.compress(strategy="summarize", mode=mode)
    assert (texts(t), t.pending()) == (before, [])


# -- provenance -------------------------------------------------------------------------------------------


def test_provenance_tells_what_stands_behind_a_summary_and_behind_a_masked_text(t):
    work(t)
    result = t.log(role="tool")[-1].commit
    t.compress()
    said = t.provenance(result)
    assert [row.kind for row in said] == ["append", "mask"]
    assert said[0].tokens > said[1].tokens
    done = t.compress(content="all of it", keep_last=4)
    behind = t.provenance(done.groups[0].commit)
    assert dict(behind.made)["strategy"] == "text"
    assert [row.commit for row in behind] == [row.commit for row in t.expand(done.groups[0].commit)]
    assert len(behind.to_frame()) == len(done.groups[0].units)


# -- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"start": "HEAD", "end": "HEAD~3", "content": "x"}, r"^[0-9a-f]{8} stands behind [0-9a-f]{8}\."),
        ({"start": "elsewhere", "content": "x"}, "not in the history"),
        ({"start": "hidden", "content": "x"}, "does not show"),
        ({"commits": ["pinned"], "content": "x"}, "pinned"),
        ({"commits": ["hidden"], "content": "x"}, "Nothing of this range shows"),
        ({"commits": [], "content": "x"}, "Nothing of this range shows"),
        ({"commits": ["HEAD"], "start": "HEAD", "content": "x"}, "range and a selection"),
        ({"content": ""}, "no summary"),
        ({"content": []}, "no summary"),
        ({"content": 7}, "no summary"),
        ({"content": ["a", "b", "c"], "keep_last": 0}, "3 texts"),
        ({"content": "x", "strategy": "mask"}, "strategy that writes"),
        ({"content": "x", "mode": "autonomous"}, "strategy that writes"),
        ({"mode": "manual"}, "wants its text"),
        ({"mode": "magic"}, "Unknown mode"),
        ({"strategy": "zip"}, "Unknown strategy"),
        ({"target_tokens": 0}, "no size"),
        ({"target_tokens": 5}, "less than what is not compressed"),
        ({"keep_last": -1}, "keeps nothing"),
        ({"preserve": "("}, "no pattern"),
        ({"preserve": [3]}, "no pattern"),
        ({"preserve": 3}, "no pattern"),
        ({"preserve": b"x"}, "no pattern"),
        ({"instructions": 5}, "no instructions"),
    ],
)
def test_what_cannot_be_compressed_is_a_clear_error_and_the_history_is_as_before(t, options, says):
    t.branch("other")
    for number in range(4):
        t.user(f"{number}")
    t.tag(t.user("pinned", priority=PINNED), "pinned")
    t.tag(t.user("hidden", priority=SKIP), "hidden")
    t.user("last")
    t.switch("other")
    t.tag(t.user("elsewhere"), "elsewhere")
    t.switch("main")
    before = t.compile().to_dicts(), len(t.operations())
    with pytest.raises(TractError, match=says) as caught:
        t.compress(**options)
    assert caught.value.hint
    assert (t.compile().to_dicts(), len(t.operations())) == before


def test_a_cover_that_would_overlap_another_s_covers_what_still_shows_and_says_so(t):
    units = [t.user(f"{number}") for number in range(6)]
    first = t.compress(units[1], units[3], content="one to three").groups[0].commit
    before = t.compile().to_dicts(), len(t.operations())
    for start, end in ((units[0], units[2]), (units[3], units[5])):
        with pytest.raises(RefError, match="does not show") as caught:
            t.compress(start, end, content="x")
        assert caught.value.hint
    with pytest.raises(ContentError, match="Nothing of this range shows"):
        t.compress(commits=units[1:4], content="x")
    assert (t.compile().to_dicts(), len(t.operations())) == before
    done = t.compress(commits=units[3:5], content="four")
    assert done.notes == ("1 unit stayed: skipped, or covered by a summary",)
    assert texts(t) == ["0", "one to three", "four", "5"]
    t.restore(done.groups[0].commit)
    t.restore(first)
    assert texts(t) == [f"{number}" for number in range(6)]


def test_covers_that_share_a_call_whose_result_came_late_bring_each_unit_back_once(t):
    t.user("look")
    call = t.tool_call("read", {"path": "a"}, "c1")
    t.tool_result("c1", "a is here")
    first = t.compress(call, "HEAD", content="a was read").groups[0].commit
    late = t.tool_result("c1", "more of a")
    assert texts(t)[:2] == ["look", "a was read"]
    second = t.compress(call, late, content="all of a").groups[0].commit
    assert texts(t) == ["look", "all of a", "a was read"]  # of two that begin at one unit, the later first
    t.restore(second)
    assert texts(t) == ["look", "a was read", '{"path":"a"}', "a is here", "more of a"]
    t.restore(first)
    assert texts(t) == ["look", '{"path":"a"}', "a is here", "more of a"]


@pytest.mark.parametrize("options", [{"content": "x"}, {"strategy": "structural"}, {"strategy": "mask"}])
def test_where_all_is_pinned_a_given_range_says_so_and_the_default_one_does_nothing(t, options):
    work(t)
    t.annotate(t.log(), PINNED)
    before = t.compile().to_dicts(), len(t.operations())
    assert t.compress(keep_last=0, **options).state == "nothing"
    if options.get("strategy") == "mask":
        assert t.compress("HEAD~5", "HEAD", **options).state == "nothing"
    else:
        with pytest.raises(ContentError, match="pinned") as caught:
            t.compress("HEAD~5", "HEAD", **options)
        assert caught.value.hint
    assert (t.compile().to_dicts(), len(t.operations())) == before


@pytest.mark.parametrize("options", [{"content": "x"}, {"strategy": "structural"}, {"strategy": "mask"}])
def test_a_target_below_what_is_pinned_is_refused(t, options):
    t.system("This must stay word by word. " * 20)
    work(t)
    pinned = t.budget()
    (least,) = [row.tokens for row in pinned if (row.by, row.name) == ("priority", "PINNED")]
    before = t.compile().to_dicts(), len(t.operations())
    with pytest.raises(ContentError, match="less than what is not compressed") as caught:
        t.compress(target_tokens=least, keep_last=0, **options)
    assert "Unpin" in caught.value.hint
    assert (t.compile().to_dicts(), len(t.operations())) == before


def test_on_an_empty_tract_there_is_nothing_to_compress(t):
    assert t.compress().state == "nothing"
    assert t.compress(content="x").state == "nothing"
    with pytest.raises(TractError):
        t.compress("HEAD", content="x")


def test_a_branch_that_another_moved_is_not_compressed(t):
    work(t)
    other = Tract.open(t.path)
    other.user("meanwhile")
    with pytest.raises(HeadMovedError):
        t.compress()
    t.refresh()
    assert t.compress().state == "applied"
    other.close()


def test_a_detached_handle_does_not_compress(t):
    work(t)
    t.checkout("HEAD~1")
    with pytest.raises(RefError, match="detached"):
        t.compress()
    assert t.compress(dry_run=True).state == "proposed"


def test_it_is_part_of_a_batch(t):
    with t.batch():
        work(t)
        t.compress()
    assert t.operations(1)[0].verb == "batch"
    t.undo()
    assert texts(t) == []


def savings(t, **options):
    return {row.name: (row.units, row.tokens) for row in t.budget(**options) if row.by == "compress"}


def test_the_budget_says_what_each_strategy_would_save(t):
    assert savings(t, structural=True) == {}
    work(t)
    assert list(savings(t)) == ["mask", "summarize (estimate)"]
    said = savings(t, structural=True)
    assert list(said) == ["mask", "structural", "summarize (estimate)"]
    estimate = next(row for row in t.advice().ways if row.strategy == "summarize")
    assert said["summarize (estimate)"] == (estimate.units, estimate.saved)
    for strategy in ("structural", "mask"):
        done = t.compress(strategy=strategy)
        assert said[strategy] == (sum(len(group.units) for group in done.groups), done.saved)
        if strategy == "structural":
            t.undo()
    assert "mask" not in savings(t)


def test_a_model_that_is_plugged_in_is_asked_with_nothing_locked(t):
    work(t)

    def writer(originals: Sequence[Original], **_: Any) -> Draft:
        assert not t.database.in_transaction()
        return Draft(f"{len(originals)} messages")

    t._ws.summariser = writer
    assert t.compress(strategy="summarize", mode="autonomous").groups[0].draft.endswith("messages")
    before = texts(t)

    def moving(originals: Sequence[Original], **_: Any) -> Draft:
        t.user("said meanwhile")
        return Draft("short")

    t._ws.summariser = moving
    with pytest.raises(HeadMovedError):
        t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert texts(t) == [*before, "said meanwhile"]


def test_a_summary_that_is_too_long_or_lacks_what_must_be_preserved_is_asked_for_again_within_a_bound(t):
    for number in range(3):
        t.user(f"{number} host-{number} " + "word " * 400)
    t.annotate(t.log()[1].commit, PINNED)
    asked: list[str] = []

    def writer(originals: Sequence[Original], **_: Any) -> Draft:
        asked.append(originals[0].text[0])
        return Draft("much too long " * 300 if asked == ["0", "2"] else "short")

    t._ws.summariser = writer
    done = t.compress(strategy="summarize", keep_last=0, target_tokens=900, dry_run=True)
    assert asked == ["0", "2", "2"]
    assert [group.draft for group in done.groups] == ["short", "short"]
    assert done.missed == 0
    asked.clear()
    with pytest.raises(ContentError, match="host-0"):
        t.compress(strategy="summarize", mode="autonomous", keep_last=0, preserve=r"host-\d")
    assert asked == ["0", "0", "0"]
    assert len(t.compile()) == 3
