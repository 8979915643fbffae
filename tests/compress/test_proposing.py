"""compress(mode="collaborative"): a proposal that waits for a person, group by group."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.helpers import texts
from tests.llm.fakes import Fake
from tract_nb import PINNED, SKIP, Cancel, HeadMovedError, ModelError, ReviewError, Tract
from tract_nb.errors import CallCancelledError
from tract_nb.model.compression import Compression

WORDS = "the tide table of the harbour is off by an hour in summer " * 12
FIVE = 5


def said(text: str) -> str:
    return f"<summary>\n{text}\n</summary>"


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def t(fake: Fake) -> Tract:
    """Three groups between two pins, each of two units, and one unit that stays."""
    tract = Tract.open(model="gpt-4o-mini", llm=fake)
    grow(tract, 3)
    return tract


def grow(t: Tract, count: int) -> None:
    for number in range(count):
        if number:
            t.user(f"pin {number}", priority=PINNED)
        t.user(f"group {number} of /src/part{number}.py: {WORDS}")
        t.assistant(f"done with {number}: {WORDS}")
    t.user("And now? Look at /src/part0.py again.")


def proposed(t: Tract, fake: Fake, *drafts: str, **options: Any) -> Compression:
    fake.answers = [said(draft) for draft in drafts]
    review = t.compress(strategy="summarize", keep_last=1, **options)
    assert isinstance(review, Compression)
    return review


def test_what_a_model_writes_is_only_proposed_and_nothing_has_changed(t, fake):
    before = t.compile().to_dicts(), len(t.operations())
    review = proposed(t, fake, "zero", "one", "two")
    assert (review.state, review.branch, review.unresolved) == ("pending", "main", 3)
    assert [group.draft for group in review.groups] == ["zero", "one", "two"]
    assert [group.state for group in review.groups] == ["proposed"] * 3
    assert (t.compile().to_dicts(), len(t.operations())) == before
    assert review.tokens_before == t.compile().token_count
    assert "0 of 3 groups approved" in repr(review)
    assert dict(t.pending()[0].groups[1].metadata or {})["model"] == "m-1"


def test_approve_does_all_of_it_as_one_operation_with_the_size_that_was_told(t, fake):
    before = texts(t)
    review = proposed(t, fake, "zero", "one", "two")
    told = review.tokens_after
    review.approve()
    assert review.state == "applied"
    assert texts(t) == ["zero", "pin 1", "one", "pin 2", "two", before[-1]]
    assert review.tokens_after == told == t.compile().token_count
    assert [t.show(group.commit or "").text for group in review.groups] == ["zero", "one", "two"]
    operation = t.operations(1)[0]
    assert operation.verb == "compress"
    kept = (t.show(review.groups[0].commit or "").metadata or {})["compression"]
    assert (kept["strategy"], kept["units"], kept["model"]) == ("summarize", 2, "m-1")
    assert kept["approved_by"] == operation.actor
    assert t.pending() == []
    t.undo()
    assert texts(t) == before


def test_it_outlives_the_kernel_and_two_handles_decide_one(tmp_path, fake):
    t = Tract.open(tmp_path / "work.db", model="gpt-4o-mini", llm=fake)
    grow(t, 3)
    review = proposed(t, fake, "zero", "one", "two")
    review.edit(1, "mine")
    other = Tract.open(tmp_path / "work.db", actor="ann")
    (found,) = other.pending()
    assert isinstance(found, Compression)
    assert [group.draft for group in found.groups] == ["zero", "mine", "two"]
    found.approve(0).reject(2)
    assert [group.state for group in review.refresh().groups] == ["approved", "proposed", "rejected"]
    review.approve(1)
    assert review.state == found.refresh().state == "applied"
    assert [group.state for group in found.groups] == ["applied", "applied", "rejected"]
    assert texts(t)[:3] == ["zero", "pin 1", "mine"]
    assert texts(t)[4].startswith("group 2")
    assert t.verify().rows == ()
    other.close()
    t.close()


def test_the_last_group_that_is_decided_applies_it_and_none_approved_rejects_it(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    review.reject(0).approve(2)
    assert review.state == "pending"
    assert t.pending()[0].unresolved == 1
    review.reopen(2).reject(2)
    before = t.compile().to_dicts()
    review.reject(1)
    assert review.state == "rejected"
    assert t.compile().to_dicts() == before
    assert t.pending() == []


def test_a_person_s_text_takes_the_place_of_a_draft_and_of_the_decision(t, fake):
    review = proposed(t, fake, "zero", "one", "two").approve(0)
    review.edit(0, "mine \ud800, of /src/part0.py")
    group = review.groups[0]
    assert (group.draft, group.state, group.by) == ("mine \ufffd, of /src/part0.py", "proposed", "user")
    assert "/src/part0.py" not in group.lost
    review.approve()
    kept = (t.show(review.groups[0].commit or "").metadata or {})["compression"]
    assert (kept["strategy"], kept["edited_by"], kept["model"]) == ("summarize", "user", "m-1")
    assert kept["cost"] == pytest.approx(0.001)


def test_a_draft_is_written_again_with_what_a_person_says(t, fake):
    review = proposed(t, fake, "zero", "one", "two", instructions="Be short.")
    fake.answers = [said("zero, of /src/part0.py")]
    review.ask(0, "Name the files.")
    assert "Be short.\nName the files." in fake.asked()[-1][1]
    assert review.groups[0].draft == "zero, of /src/part0.py"
    assert len(fake.sent) == 4
    review.ask(1, strategy="structural")
    assert "/src/part1.py" in review.groups[1].draft
    assert (review.groups[1].strategy, len(fake.sent)) == ("structural", 4)
    fake.answers = [ModelError("too many requests", "Wait.")]
    with pytest.raises(ModelError, match="too many requests"):
        review.ask(2, "Say more.")
    assert review.refresh().groups[2].draft == "two"
    review.approve()
    kept = (t.show(review.groups[0].commit or "").metadata or {})["compression"]
    assert kept["instructions"] == "Be short.\nName the files."


def test_a_group_can_be_masked_instead(fake):
    t = Tract.open(model="gpt-4o-mini", llm=fake)
    t.user("Read it.")
    t.tool_call("Read", {"file_path": "/src/tide.py"}, "c1")
    t.tool_result("c1", WORDS)
    t.user("pin", priority=PINNED)
    grow(t, 1)
    review = proposed(t, fake, "zero", "one")
    review.ask(0, strategy="mask")
    assert review.groups[0].draft.startswith("[")
    told = review.tokens_after
    review.approve()
    assert texts(t)[0] == "Read it."
    assert texts(t)[2].startswith("[")
    assert "one" in texts(t)
    assert told == t.compile().token_count
    t.undo()
    assert texts(t)[2] == WORDS


def test_a_failure_at_the_third_of_five_groups_is_a_partial_review(fake):
    t = Tract.open(model="gpt-4o-mini", llm=fake)
    grow(t, FIVE)
    before = t.compile().to_dicts(), len(t.operations())
    fake.answers = [said("zero"), said("one"), ModelError("too many requests", "Wait."), said("never")]
    review = t.compress(strategy="summarize", keep_last=1)
    assert len(fake.sent) == 3
    assert [group.state for group in review.groups] == ["proposed", "proposed", "open", "open", "open"]
    assert "Group 3 of 5: too many requests" in review.notes[-1]
    assert "too many requests" in review.groups[2].problem
    assert (t.compile().to_dicts(), len(t.operations())) == before
    with pytest.raises(ReviewError, match="Group 2 cannot be approved"):
        review.approve()
    with pytest.raises(ReviewError, match="Group 3 cannot be approved"):
        review.approve(3)
    assert t.compile().to_dicts() == before[0]
    fake.answers = [said("two")]
    review.ask(2).edit(3, "three").reject(4)
    assert [group.by for group in review.groups] == ["m-1", "m-1", "m-1", "user", ""]
    assert review.groups[3].strategy == "text"
    review.approve()
    assert texts(t)[:7] == ["zero", "pin 1", "one", "pin 2", "two", "pin 3", "three"]


def test_a_failure_before_any_draft_is_an_error_and_nothing_is_pending(t, fake):
    fake.answers = [ModelError("too many requests", "Wait.")]
    with pytest.raises(ModelError, match="Group 1 of 3"):
        t.compress(strategy="summarize", keep_last=1)
    assert t.pending() == []


def test_what_is_pinned_leaves_its_group_and_stays_word_by_word(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    pinned = review.groups[0].units[0]
    saved = review.saved
    review.pin(pinned)
    assert pinned not in review.groups[0].units
    assert (review.groups[0].taken, len(review.groups[0].units)) == (1, 1)
    assert review.saved < saved
    assert "1 unit no longer in it" in repr(review)
    told = review.tokens_after
    review.approve()
    assert [text[:7] for text in texts(t)[:3]] == ["group 0", "zero", "pin 1"]
    assert t.compile().token_count == told


def test_a_group_of_which_all_is_pinned_or_covered_is_gone(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    review.pin(list(review.groups[0].units))
    assert [group.draft for group in review.groups] == ["one", "two"]
    t.compress(commits=list(review.groups[0].units), content="covered otherwise")
    assert [group.draft for group in review.refresh().groups] == ["two"]
    review.approve(0)
    assert review.state == "applied"
    assert "two" in texts(t)
    assert "one" not in texts(t)


def test_where_nothing_is_left_nothing_is_done(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    for group in review.groups:
        t.annotate(list(group.units), SKIP)
    before = t.compile().to_dicts(), len(t.operations())
    review.approve()
    assert review.state == "rejected"
    assert (t.compile().to_dicts(), len(t.operations())) == before


def test_a_unit_that_was_edited_since_keeps_it_pending_once(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    t.edit(review.groups[1].units[0], "Something else entirely: /src/new.py")
    with pytest.warns(UserWarning, match="edited since"):
        review.approve()
    assert review.state == "pending"
    assert review.groups[1].changed == 1
    assert "/src/new.py" in review.groups[1].lost
    assert "1 unit edited since" in repr(review)
    assert review.approve().state == "applied"


def test_another_edit_of_the_same_unit_is_told_once_more(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    for text in ("edited", "edited otherwise"):
        t.edit(review.groups[1].units[0], text)
        with pytest.warns(UserWarning, match="edited since"):
            review.approve()
        assert (review.state, review.groups[1].changed) == ("pending", 1)
    assert review.approve().state == "applied"


def test_what_a_model_or_a_person_writes_that_no_json_can_hold_is_mended(t, fake):
    review = proposed(t, fake, "zero \ud800", "one \x00", "two", instructions="Name \udfff it.")
    assert [group.draft for group in review.groups] == ["zero \ufffd", "one \x00", "two"]
    fake.answers = [said("two \ud800")]
    assert review.ask(2, "More \ud800.").groups[2].draft == "two \ufffd"
    again = t.compress(strategy="summarize", keep_last=1, instructions="Name \udfff it.")
    assert again.groups[2].draft == "two \ufffd"
    review.approve()
    assert texts(t)[:3] == ["zero \ufffd", "pin 1", "one \x00"]


@pytest.mark.parametrize("decide", [Compression.approve, Compression.reject])
def test_what_was_decided_in_a_batch_that_is_taken_back_is_open_again(t, fake, decide):
    def fail(review):
        with t.batch():
            decide(review)
            raise KeyError

    review = proposed(t, fake, "zero", "one", "two")
    before = texts(t)
    with pytest.raises(KeyError):
        fail(review)
    assert review.refresh().state == "pending"
    with pytest.raises(KeyError):
        fail(review)
    assert texts(t) == before
    assert review.edit(0, "mine").approve().state == "applied"
    assert texts(t)[0] == "mine"


def test_what_a_rejected_one_would_have_lost_did_not_get_lost(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    assert "identifiers would get lost" in repr(review)
    assert "lost;" not in repr(review.reject())


def test_the_branch_may_grow_meanwhile(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    t.user("and on it goes")
    review.approve()
    assert texts(t)[-1] == "and on it goes"
    assert texts(t)[0] == "zero"


def test_it_is_applied_on_its_own_branch_wherever_head_stands(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    t.branch("side")
    t.switch("side")
    before = texts(t)
    with pytest.raises(ReviewError, match="HEAD is on side"):
        review.pin(review.groups[0].units[0])
    review.approve()
    assert texts(t) == before
    t.switch("main")
    assert texts(t)[0] == "zero"


def test_asking_again_finds_the_same_and_another_is_refused(t, fake):
    review = proposed(t, fake, "zero", "one", "two").edit(0, "mine")
    again = t.compress(strategy="summarize", keep_last=1)
    assert len(fake.sent) == 3
    assert again.groups[0].draft == "mine"
    with pytest.raises(ReviewError, match="A compression of 6 units waits for a decision on main"):
        t.compress(strategy="summarize", keep_last=2)
    t.branch("side")
    t.switch("side")
    t.user("here")
    t.switch("main")
    with pytest.raises(ReviewError, match="A compression of 6 units"):
        t.merge("side")
    review.reject()
    t.merge("side")
    assert texts(t)[-1] == "here"


def test_a_draft_without_what_must_be_preserved_is_not_accepted(t, fake):
    review = proposed(t, fake, *["nothing of it"] * 3, "of /src/part1.py", "of /src/part2.py",
                      preserve=r"/src/part\d\.py")  # fmt: skip
    assert [group.state for group in review.groups] == ["open", "proposed", "proposed"]
    assert "/src/part0.py" in review.groups[0].problem
    with pytest.raises(ReviewError, match=r"/src/part0\.py"):
        review.approve()
    review.edit(0, "still without")
    with pytest.raises(ReviewError, match=r"/src/part0\.py"):
        review.approve(0)
    assert review.edit(0, "now with /src/part0.py").approve().state == "applied"


def test_lost_names_come_first_by_how_often_they_are_said_later(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    frame = review.lost.to_frame()
    first = frame[frame.group == 0].iloc[0]
    assert (first.text, first.later, first.times) == ("/src/part0.py", 1, 1)
    assert review.groups[0].lost[0] == "/src/part0.py"
    assert list(frame[frame.text == "/src/part1.py"].later) == [0]


def test_rules_are_applied_at_once_unless_a_person_wants_to_decide(fake):
    t = Tract.open()
    grow(t, 2)
    before = texts(t)
    review = t.compress(strategy="structural", keep_last=1, mode="collaborative")
    assert (review.state, len(review), texts(t)) == ("pending", 2, before)
    review.reject()
    assert texts(t) == before
    written = t.compress(content=["a", "b"], keep_last=1, mode="collaborative")
    assert [group.draft for group in written.groups] == ["a", "b"]
    written.approve()
    assert texts(t)[0] == "a"
    t.undo()
    assert t.compress(strategy="structural", keep_last=1).state == "applied"


def test_masks_can_be_proposed(fake):
    t = Tract.open()
    t.tool_call("Read", {"file_path": "/src/tide.py"}, "c1")
    t.tool_result("c1", WORDS)
    t.user("next")
    review = t.compress(mode="collaborative", keep_last=1)
    assert (review.state, review.groups[0].strategy) == ("pending", "mask")
    told = review.tokens_after
    assert review.approve().tokens_after == told == t.compile().token_count


def test_without_a_model_the_default_masks_and_with_one_it_writes(t, fake):
    assert Tract.open().compress().strategy == "mask"
    fake.answers = [said("zero"), said("one"), said("two")]
    review = t.compress(keep_last=1)
    assert (review.strategy, review.state) == ("summarize", "pending")


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda review: review.edit(0, ""), "no summary"),
        (lambda review: review.edit(0, None), "no summary"),
        (lambda review: review.edit(7, "text"), "no group 7"),
        (lambda review: review.approve("a"), "no group 'a'"),
        (lambda review: review.edit(True, "text"), "no group True"),
        (lambda review: review.edit(0.0, "text"), "no group 0.0"),
        (lambda review: review.ask(0, 7), "7 are no instructions"),
        (lambda review: review.ask(0, strategy="magic"), "Unknown strategy"),
        (lambda review: review.ask(0, "be short", strategy="mask"), "reads no instructions"),
    ],
)
def test_a_decision_that_fits_nothing_is_an_error(t, fake, act, says):
    review = proposed(t, fake, "zero", "one", "two")
    with pytest.raises(ReviewError, match=says) as caught:
        act(review)
    assert caught.value.hint
    assert [group.draft for group in review.refresh().groups] == ["zero", "one", "two"]


def test_a_settled_one_takes_no_more_decisions(t, fake):
    review = proposed(t, fake, "zero", "one", "two").approve()
    for act in (review.approve, review.reject, lambda: review.edit(0, "x"), lambda: review.ask(0)):
        with pytest.raises(ReviewError, match="applied") as caught:
            act()
        assert "undo" in caught.value.hint
    with pytest.raises(ReviewError, match="proposed"):
        t.compress("HEAD", content="short", dry_run=True).approve()


def test_a_forgotten_secret_is_in_no_draft(tmp_path, fake):
    t = Tract.open(tmp_path / "work.db", model="gpt-4o-mini", llm=fake)
    grow(t, 2)
    secret = t.user("the password is hunter2-of-the-harbour")
    t.user("next")
    review = proposed(t, fake, "zero", "the password is hunter2-of-the-harbour, they said")
    t.forget(secret.hash, "a password")
    assert "hunter2" not in repr(review.refresh())
    review.reject()
    t.close()
    for path in tmp_path.iterdir():
        assert b"hunter2" not in path.read_bytes()


def test_the_names_of_a_call_s_arguments_are_no_names_that_get_lost(fake):
    t = Tract.open()
    t.tool_call("Edit", {"file_path": "/src/tide.py", "edits": [{"old_string": "noon_table"}]}, "c1")
    t.tool_result("c1", WORDS)
    t.user("end")
    review = t.compress(content="short", keep_last=1)
    assert {"/src/tide.py", "noon_table"} <= set(review.groups[0].lost)
    assert not {"file_path", "old_string"} & set(review.groups[0].lost)


def test_the_writing_of_a_draft_can_be_ended_from_another_thread(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    cancel = Cancel()
    fake.answers = [said("another zero")]
    fake.meanwhile = cancel.cancel  # also a model that does not hear it
    with pytest.raises(CallCancelledError):
        review.ask(0, "Be longer.", cancel=cancel)
    assert review.refresh().groups[0].draft == "zero"


def test_what_got_lost_is_worked_out_once_for_a_draft(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    before = [group.rows for group in review.groups]
    review.edit(1, "now with /src/part1.py")
    assert review.groups[0].rows is before[0]
    assert review.groups[1].lost == ()
    t.edit(review.groups[0].units[0], "Something else: /src/new.py")
    assert "/src/new.py" in review.refresh().groups[0].lost


def test_going_to_another_strategy_and_back_costs_nothing(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    review.edit(0, "zero, and mine")
    asked = len(fake.sent)
    review.ask(0, strategy="structural").ask(0, strategy="mask").ask(0, strategy="summarize")
    assert (review.groups[0].draft, review.groups[0].by) == ("zero, and mine", "user")
    assert len(fake.sent) == asked
    fake.answers = [said("anew")]
    review.ask(0, strategy="summarize")
    assert (review.groups[0].draft, len(fake.sent)) == ("anew", asked + 1)
    review.ask(0, strategy="structural")
    t.edit(review.groups[0].units[0], "Something else: /src/new.py")
    fake.answers = [said("of the new text")]
    review.ask(0, strategy="summarize")
    assert review.groups[0].draft == "of the new text"


def test_a_forgotten_secret_is_in_no_draft_that_was_put_aside(tmp_path, fake):
    t = Tract.open(tmp_path / "work.db", model="gpt-4o-mini", llm=fake)
    grow(t, 1)
    secret = t.user("the password is hunter2-of-the-harbour")
    t.user("next")
    review = proposed(t, fake, "the password is hunter2-of-the-harbour")
    review.ask(0, strategy="structural").edit(0, "nothing of it")
    t.forget(secret.hash, "a password")
    t.close()
    for path in tmp_path.iterdir():
        assert b"hunter2" not in path.read_bytes()


def test_a_name_said_right_behind_the_last_group_is_said_later(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    t.user("Once more: /src/part2.py, /src/part1.py.")
    frame = review.refresh().lost.to_frame()
    later = frame[frame.what == "lost"].set_index("text").later
    assert (later["/src/part2.py"], later["/src/part1.py"], later["/src/part0.py"]) == (1, 1, 1)


def test_what_another_handle_settled_is_decided_no_more(tmp_path, fake):
    t = Tract.open(tmp_path / "work.db", model="gpt-4o-mini", llm=fake)
    grow(t, 2)
    review = proposed(t, fake, "zero", "one")
    other = Tract.open(tmp_path / "work.db")
    (late,) = other.pending()
    assert isinstance(late, Compression)
    review.approve()
    before = t.compile().to_dicts(), len(t.operations())
    for act in (
        late.approve,
        late.reject,
        lambda: late.edit(0, "mine"),
        lambda: late.approve(0),
        lambda: late.ask(0, strategy="structural"),
    ):
        with pytest.raises(ReviewError, match="compression of 4 units is applied already"):
            act()
    assert (t.compile().to_dicts(), len(t.operations())) == before
    other.close()
    t.close()


def test_a_call_whose_result_is_of_a_rejected_group_stays_with_it(fake):
    t = Tract.open()
    t.user(f"Read it. {WORDS}")
    call = t.tool_call("Read", {"file_path": "/src/tide.py"}, "c1")
    t.user("pin", priority=PINNED)
    result = t.tool_result("c1", WORDS)
    t.assistant(f"Read. {WORDS}")
    t.user("end")
    review = t.compress(content=["before", "behind"], keep_last=1, mode="collaborative")
    assert [len(group.units) for group in review.groups] == [2, 2]
    review.reject(1)
    assert call.hash not in review.groups[0].units
    told = review.tokens_after
    review.approve(0)
    assert t.compile().token_count == told
    assert {call.hash, result.hash} <= set(t.compile().commit_hashes)


def test_an_error_names_a_group_by_its_place_also_after_one_before_it_went(t, fake):
    review = proposed(t, fake, "zero", *["without it"] * 3, "of /src/part2.py", preserve=r"/src/part[12]\.py")
    review.pin(list(review.groups[0].units))
    assert [group.state for group in review.groups] == ["open", "proposed"]
    with pytest.raises(ReviewError, match="Group 0 cannot be approved"):
        review.approve(0)
    with pytest.raises(ReviewError, match="Group 0 cannot be approved"):
        review.approve()


def test_a_draft_of_what_was_edited_while_it_was_written_says_so(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    fake.answers = [said("zero again")]
    fake.meanwhile = lambda: t.edit(review.groups[0].units[0], "said meanwhile")
    review.ask(0, "Be short.")
    assert (review.groups[0].draft, review.groups[0].changed) == ("zero again", 1)
    t.edit(review.groups[1].units[0], "said before anybody looked again")
    review.edit(1, "mine, of what stood there")
    assert review.groups[1].changed == 1
    review.edit(1, "mine, of what stands there")
    assert review.groups[1].changed == 0


def test_masks_of_outputs_without_their_calls_can_be_proposed_but_no_summary_of_them(fake):
    t = Tract.open()
    t.tool_call("Read", {"file_path": "/src/tide.py"}, "c1")
    output = t.tool_result("c1", WORDS)
    t.user("end")
    before = texts(t)
    review = t.compress(commits=output, strategy="mask", mode="collaborative")
    assert (review.state, len(review.groups[0].units)) == ("pending", 1)
    for act in (lambda: review.ask(0, strategy="structural"), lambda: review.edit(0, "mine")):
        with pytest.raises(ReviewError, match="without their calls") as caught:
            act()
        assert caught.value.hint
        assert [group.strategy for group in review.refresh().groups] == ["mask"]
    told = review.tokens_after
    assert review.approve().tokens_after == told == t.compile().token_count
    assert texts(t)[:1] + texts(t)[2:] == before[:1] + before[2:]
    assert texts(t)[1] == review.groups[0].draft


def test_a_proposal_is_of_the_branch_that_it_was_asked_for(t, fake):
    t.branch("side")
    fake.meanwhile = lambda: t.switch("side")
    review = proposed(t, fake, "zero", "one", "two")
    assert (review.branch, t.branch_name) == ("main", "side")
    before = texts(t)
    review.approve()
    assert texts(t) == before
    t.switch("main")
    assert texts(t)[0] == "zero"


def test_what_is_applied_at_once_is_not_applied_to_another_branch(t, fake):
    t.branch("side")
    before = texts(t)
    fake.answers = [said("zero"), said("one"), said("two")]
    fake.meanwhile = lambda: t.switch("side")
    with pytest.raises(HeadMovedError, match="moved while"):
        t.compress(strategy="summarize", keep_last=1, mode="autonomous")
    assert texts(t) == texts(t, "main") == before


def test_a_proposal_of_which_nothing_is_left_says_so(t, fake):
    review = proposed(t, fake, "zero", "one", "two")
    t.annotate([unit for group in review.groups for unit in group.units], SKIP)
    with pytest.raises(ReviewError, match="no group 0") as caught:
        review.refresh().approve(0)
    assert caught.value.hint == "None is left."


def test_what_a_rule_counts_itself_is_not_made_up():
    t = Tract.open()
    grow(t, 1)
    review = t.compress(strategy="structural", keep_last=1, mode="collaborative")
    assert "tokens" in review.groups[0].draft
    assert review.groups[0].added == ()
    assert review.edit(0, "in 99 minutes").groups[0].added == ("99 minutes",)
