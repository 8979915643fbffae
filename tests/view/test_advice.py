"""Advice: what compressing would save and cost is what it then does; which outputs nobody needs any more."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.helpers import frozen, texts, written
from tests.core.stories import Step, appends, changes, place, play
from tests.view.test_foresight import MODEL, in_cache, report
from tract_nb import IMPORTANT, PINNED, SKIP, Tract
from tract_nb.engine.masking import KEEP_LAST
from tract_nb.llm.prices import price

EDITOR = "str_replace_based_edit_tool"
VIEW = (EDITOR, {"command": "view", "path": "a"})
GREP = ("grep", {"pattern": "x", "path": "src"})
LONG = "the tide table of the harbour is off by an hour in summer " * 20
outputs = st.tuples(st.just("output of"), st.integers(0, 3), st.sampled_from(["success", "error"]))
masks = st.tuples(st.just("mask"), place)
steps = st.lists(st.one_of(appends, outputs, outputs, changes, masks), max_size=14)


def act(tract: Tract, step: Step) -> None:
    """Do one step of a story, in which tools give long outputs that are masked and restored at times."""
    verb, *rest = step
    if verb == "output of":
        number, status = rest
        call = tract.tool_call("read", {"file_path": f"src/tide_{number}.py"})
        tract.tool_result(call.content.call_id, f"{number}: {LONG}", status)
    elif verb == "mask":
        done = tract.compress(keep_last=0)
        if done.groups and rest[0] % 2:
            tract.restore(list(done.groups[0].units))
    else:
        play(tract, step)


def chat(tract: Tract, turns: int = KEEP_LAST) -> None:
    for number in range(turns):
        tract.user(f"turn {number}")


@settings(max_examples=100, deadline=None)
@given(
    before=steps,
    after=st.lists(st.one_of(appends, outputs, masks), max_size=4),
    usage=st.one_of(st.none(), st.tuples(st.integers(0, 900), st.integers(0, 300))),
    turns=st.sampled_from([0, KEEP_LAST]),
)
def test_what_is_said_of_masks_and_a_structural_summary_is_what_compressing_gives(
    before: list[Step], after: list[Step], usage: tuple[int, int] | None, turns: int
):
    with Tract.open(clock=frozen, verify_cache=True) as tract:
        for step in before:
            act(tract, step)
        reply, reach = None, 0
        if usage is not None:
            reply, reach = tract.assistant("the reply").hash, sum(usage)
            report(tract, *usage)
        for step in after:
            act(tract, step)
        chat(tract, turns)
        state = written(tract)

        said = {row.strategy: row for row in tract.advice().ways}

        assert written(tract) == state
        assert list(said) == ["now", "mask", "structural", "summarize"]
        rates = price(MODEL) if usage is not None else None

        def holds(row):
            tokens = tract.compile().token_count
            cached = in_cache(tract, reply, reach)
            assert (row.tokens, row.cached) == (tokens, cached)
            assert row.saved == said["now"].tokens - tokens
            if rates is None:
                assert (row.next, row.later) == (None, None)
                return
            write, again = (rates.cache_write, rates.cached) if reach else (rates.input, rates.input)
            assert row.next == pytest.approx(cached * rates.cached + (tokens - cached) * write, abs=1e-6)
            assert row.later == pytest.approx(tokens * again, abs=1e-6)

        holds(said["now"])
        for strategy in ("mask", "structural"):
            done = tract.compress(strategy=strategy)
            assert said[strategy].units == sum(len(group.units) for group in done.groups)
            holds(said[strategy])
            if done.groups:
                tract.undo()


@settings(max_examples=40, deadline=None)
@given(story=steps)
def test_each_output_is_one_that_a_mask_saves_just_that_much_of(story: list[Step]):
    with Tract.open(clock=frozen) as tract:
        for step in story:
            act(tract, step)
        chat(tract)
        advice = tract.advice().to_frame()
        if advice.empty:
            return
        assert advice.commit.is_unique
        before = tract.compile().token_count
        done = tract.compress(commits=advice, strategy="mask")
        assert {name[:12] for name in done.groups[0].units} == set(advice.commit)
        assert done.saved == advice.saved.sum() == before - tract.compile().token_count
        assert tract.advice().outputs.rows == ()


# -- outputs that nobody needs ---------------------------------------------------------------------------


def called(tract, name, arguments, output=LONG, status="success"):
    call = tract.tool_call(name, arguments)
    return tract.tool_result(call.content.call_id, output, status)


def reasons(tract):
    return {row.commit: (row.reason, row.how, row.by) for row in tract.advice().outputs}


@pytest.mark.parametrize(
    ("earlier", "later", "how"),
    [
        (("read", {"path": "a.py"}), ("read", {"path": "./a.py"}), "read again"),
        (("Read", {"file_path": "a", "offset": 5}), ("cat", {"file_path": "a"}), "read again"),
        (("Read", {"file_path": "a", "limit": 5}), ("Read", {"file_path": "a", "limit": 5}), "read again"),
        (("Read", {"file_path": "a"}), ("Edit", {"file_path": "a", "old_string": "x"}), "written later"),
        (
            (EDITOR, {"command": "view", "path": "a"}),
            (EDITOR, {"command": "view", "path": "a"}),
            "read again",
        ),
        (
            (EDITOR, {"command": "view", "path": "a"}),
            (EDITOR, {"command": "create", "path": "a", "file_text": "x"}),
            "written later",
        ),
        (
            ("Read", {"file_path": "a.py"}),
            ("apply_patch", {"input": "*** Begin Patch\n*** Update File: a.py\n*** End Patch"}),
            "written later",
        ),
        (
            ("Bash", {"command": "pytest -q", "description": "Run the tests"}),
            ("Bash", {"command": "pytest -q", "description": "Run them again", "timeout": 5}),
            "run again",
        ),
        (
            ("grep", {"pattern": "x", "path": "src"}),
            ("grep", {"path": "src", "pattern": "x"}),
            "called again",
        ),
    ],
)
def test_an_output_is_superseded_by_the_same_done_again_or_the_file_written(opened, earlier, later, how):
    t = opened()
    first = called(t, *earlier)
    second = called(t, *later)
    assert reasons(t)[first.short] == ("superseded", how, second.short)
    assert second.short not in reasons(t)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (("read", {"path": "a.py"}), ("read", {"path": "b.py"})),
        (("Read", {"file_path": "a.py"}), ("Read", {"file_path": "a.py", "offset": 5})),
        (("Read", {"file_path": "a.py", "limit": 5}), ("Read", {"file_path": "a.py", "limit": 6})),
        (("Bash", {"command": "pytest -q"}), ("Bash", {"command": "pytest -q -x"})),
        (("Bash", {"command": "ls", "workdir": "a"}), ("Bash", {"command": "ls", "workdir": "b"})),
        (("read", {"path": "src"}), ("grep", {"path": "src", "pattern": "tide"})),
        (("Write", {"file_path": "a.py", "content": "x"}), ("Read", {"file_path": "a.py"})),
    ],
)
def test_something_else_done_later_supersedes_nothing(opened, earlier, later):
    t = opened()
    called(t, *earlier)
    called(t, *later)
    assert reasons(t) == {}


def test_what_failed_supersedes_nothing_but_a_command_that_fails_now(opened):
    t = opened()
    read = called(t, "read", {"path": "a.py"})
    called(t, "read", {"path": "a.py"}, "no such file", "error")
    called(t, "write", {"path": "a.py", "content": "x"}, "no room", "error")
    ran = called(t, "run", {"command": "pytest"})
    called(t, "run", {"command": "pytest"}, "1 failed", "error")
    assert list(reasons(t)) == [ran.short]
    assert read.short not in reasons(t)


def test_what_is_not_sent_whole_supersedes_nothing(opened):
    t = opened()
    first = called(t, "read", {"path": "a.py"})
    second = called(t, "read", {"path": "a.py"})
    t.compress(commits=second, strategy="mask")
    assert reasons(t) == {}
    t.restore(second)
    assert list(reasons(t)) == [first.short]
    t.annotate(second, SKIP)
    assert reasons(t) == {}


def test_pinned_important_skipped_and_masked_outputs_are_left_alone(opened):
    t = opened()
    units = [called(t, "read", {"path": "a.py"}) for _ in range(6)]
    for unit, priority in zip(units, (PINNED, IMPORTANT, SKIP), strict=False):
        t.annotate(unit, priority)
    t.compress(commits=units[3], strategy="mask")
    assert list(reasons(t)) == [units[4].short]


def test_an_output_is_unreferenced_when_it_is_old_and_nothing_later_has_one_of_its_names(opened):
    t = opened()
    alone = called(t, "grep", {"pattern": "x"}, f"src/lonely.py: def nobody_calls()\n{LONG}")
    told = called(t, "grep", {"pattern": "y"}, f"src/tide/parse.py: def parse_hour()\n{LONG}")
    nameless = called(t, "ask", {"what": "z"}, LONG)
    chat(t, KEEP_LAST - 1)
    assert alone.short in reasons(t)
    t.assistant("In tide.parse_hour() the hour is off.")
    assert list(reasons(t)) == [alone.short]
    assert reasons(t)[alone.short] == ("unreferenced", None, None)
    (row,) = t.advice().outputs
    assert (row.name, row.preview, row.behind) == ("grep", "x", KEEP_LAST + 4)
    t.user("What is in lonely.py?")
    assert reasons(t) == {}
    assert t.show(told).text
    assert t.show(nameless).text


def test_a_recent_output_is_not_called_unreferenced(opened):
    t = opened()
    chat(t, 20)
    called(t, "grep", {"pattern": "x"}, f"src/lonely.py\n{LONG}")
    chat(t, KEEP_LAST - 1)
    assert reasons(t) == {}
    chat(t, 1)
    assert len(reasons(t)) == 1


def test_outputs_are_selected_in_pandas_and_masked(opened):
    t = opened()
    first = called(t, "read", {"path": "a.py"})
    called(t, "read", {"path": "a.py"})
    called(t, "grep", {"pattern": "x"}, f"src/lonely.py\n{LONG}")
    chat(t)
    advice = t.advice().to_frame()
    assert sorted(advice.reason) == ["superseded", "unreferenced"]
    done = t.compress(commits=advice[advice.reason == "superseded"], strategy="mask")
    assert done.groups[0].units == (first.hash,)
    assert texts(t)[1].startswith("[read a.py: ")


# -- what it costs ---------------------------------------------------------------------------------------


@pytest.fixture
def session(opened):
    tract = opened(model=MODEL)
    for number in range(12):
        tract.user(f"turn {number} {LONG}")
        called(tract, "read", {"path": f"src/tide_{number}.py"})
    tract.assistant("done")
    return tract


def test_a_summary_is_an_estimate_with_the_price_of_making_it(session):
    ways = session.advice().ways.to_frame().set_index("strategy")
    assert ways.estimate.tolist() == [False, False, False, True]
    rates = price(MODEL)
    way = ways.loc["summarize"]
    assert way.model == MODEL
    taken = 3 * 12 * 20 * 12
    assert rates.input * taken / 4 < way.making < rates.input * taken * 2
    assert 0 < way.tokens < ways.loc["now"].tokens / 2
    assert ways.making.tolist()[:3] == [0, 0, 0]
    other = session.advice(model="gpt-4o-mini").ways[3]
    assert other.model == "gpt-4o-mini"
    assert other.making < way.making
    assert session.advice(model="of-nobody").ways[3].making is None


def test_without_a_model_nothing_is_priced_and_it_says_why(opened):
    t = opened()
    called(t, "read", {"path": "a.py"})
    chat(t)
    advice = t.advice()
    assert advice.prices
    assert advice.prices in repr(advice)
    for row in advice.ways:
        assert (row.next, row.later, row.calls, row.model) == (None, None, None, None)
    assert advice.ways[3].making is None


def test_it_says_after_how_many_calls_it_has_paid_for_itself(session):
    total = session.compile().token_count
    report(session, total - 100, 100, given=total)
    now, mask, *_ = session.advice().ways
    assert now.calls is None
    assert mask.cached < now.cached
    assert mask.next > now.next
    calls = mask.calls
    assert calls > 1

    def spent(row, times):
        return row.next + (times - 1) * row.later

    assert spent(mask, calls) <= spent(now, calls) + 1e-5
    assert spent(mask, calls - 1) > spent(now, calls - 1) - 1e-5


def test_a_report_that_comes_later_changes_what_is_said_at_the_same_commit(session):
    before = session.advice()
    assert before.ways[0].cached == 0
    report(session, 500, given=session.compile().token_count)
    after = session.advice()
    assert after.ways[0].cached == 500
    assert after.outputs == before.outputs


def test_a_line_or_a_summary_that_was_sent_before_is_known_to_the_cache(session):
    for strategy in ("mask", "structural"):
        done = session.compress(strategy=strategy)
        session.assistant(f"after {strategy}")
        total = session.compile().token_count
        report(session, total - 50, given=total)
        if strategy == "mask":
            session.restore(list(done.groups[0].units))
        else:
            session.restore([group.commit for group in done.groups])
        said = {row.strategy: row for row in session.advice().ways}
        if strategy == "mask":
            assert said["mask"].cached > said["now"].cached
        session.compress(strategy=strategy)
        outlook = session.strip().outlook
        assert (said[strategy].tokens, said[strategy].cached) == (outlook.tokens, outlook.cached)
        session.undo()


def test_it_is_worked_out_once_for_a_commit(session, monkeypatch):
    said = session.advice()
    monkeypatch.setattr("tract_nb.view.advice.facts_of", None)
    assert session.advice() == said


def test_on_an_empty_tract_there_is_nothing_to_say(opened):
    advice = opened().advice()
    assert [row.tokens for row in advice.ways] == [0, 0, 0, 0]
    assert advice.to_frame().empty
    assert repr(advice)
    assert advice._repr_html_()


def test_it_says_in_words_that_there_is_nothing_to_advise_or_no_price(opened, session):
    t = opened()
    assert t.advice().says == ("Nothing is sent, so there is nothing to compress.",)
    t.user("hello")
    assert t.advice().says == (
        "No model is named, so no price is known.",
        "Nothing to compress: all but the newest units are pinned, summarised or short.",
        "No output was superseded, and none was found that nothing refers to again.",
    )
    assert not any("not known" in line for line in session.advice().says)
    unknown = "What writing it would cost is not known: no price is known for 'of-nobody'."
    assert unknown in session.advice(model="of-nobody").says
    chat(t, 20)
    assert len([line for line in t.advice().says if "pric" in line]) == 1


def test_what_the_budget_says_is_what_the_advice_says(session):
    budget = {row.name.removesuffix(" (estimate)"): row for row in session.budget(structural=True)}
    for way in session.advice().ways[1:]:
        assert (budget[way.strategy].units, budget[way.strategy].tokens) == (way.units, way.saved)


def test_it_shows_as_text_and_as_plain_html(opened):
    t = opened()
    called(t, "read", {"path": "<script>"})
    called(t, "read", {"path": "<script>"})
    chat(t)
    advice = t.advice()
    assert "1 output was superseded: masking saves " in repr(advice)
    assert "<script>" not in advice._repr_html_()
    assert "read again" in advice._repr_html_()
