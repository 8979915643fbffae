"""Import: an agent's trace becomes a history, whole or not at all, and once only."""

from __future__ import annotations

import json

import pytest

from tests.core.helpers import MadeAgent, MadeTrace, Reread, frozen, texts, written
from tests.core.providers_check import check_compiled
from tests.core.sessions import ID, SessionFile, plain, use
from tract_nb import PINNED, SKIP, HeadMovedError, RefError, StoreError, TokenBudget, TraceError, Tract, trace
from tract_nb.model.commit import Kind
from tract_nb.model.event import Event, Image
from tract_nb.store import objects

SHORT = ID[:8]
SECRET = "ghp_" + "a1B2c3D4e5F6" * 3


@pytest.fixture
def file(tmp_path):
    """Where the session's file is."""
    return tmp_path / f"{ID}.jsonl"


def state(tract):
    """Return every branch of a tract with what it compiles to."""
    return {row[0]: texts(tract, row[0]) if row[2] else [] for row in tract.branches()}


# -- one session ------------------------------------------------------------------------------------


def test_a_session_becomes_the_history_of_an_empty_tract(t, file):
    done = t.import_trace(plain().write(file))
    assert (done.session, done.branch, done.commits, done.known) == (ID, "main", 6, 0)
    assert (done.branches, done.tracts, done.unanswered, done.secrets) == ((), (), 0, ())
    assert texts(t) == [
        *("What is in a.py?", "I read it.", '{"file_path":"/home/ann/app/a.py"}', "x = 1", "It sets x to 1."),
    ]
    assert [row[4] for row in t.log()] == [
        *("dialogue", "tool_io", "tool_io", "dialogue", "reasoning", "dialogue"),
    ]
    check_compiled(t.compile())
    assert t.compile().warnings == ()


def test_each_commit_has_the_time_of_its_record(t, file):
    session = plain()
    t.import_trace(session.write(file))
    assert [row[1] for row in t.log()][::-1] == [session.time(number) for number in range(6)]


def test_call_and_result_are_paired(t, file):
    t.import_trace(plain().write(file))
    call, result = t.compile().messages[2:4]
    assert (call.name, call.call_id) == ("Read", "toolu_1")
    assert (result.name, result.call) == ("Read", call.commit)


def test_a_reply_that_no_model_gave_does_not_count_as_usage(t, tmp_path):
    session = plain()
    t.import_trace(session.write(tmp_path / "session.jsonl"))
    before = t.compile()
    session.add(
        "assistant",
        isApiErrorMessage=True,
        message={
            "id": "msg_error",
            "role": "assistant",
            "model": "<synthetic>",
            "content": [{"type": "text", "text": "API Error: 529"}],
            "usage": {"input_tokens": 0, "output_tokens": 0},
        },
    )
    t.import_trace(session.write(tmp_path / "session.jsonl"))
    assert t.log(1)[0].preview == "API Error: 529"
    assert t.compile().token_source == "api+estimate"
    assert t.compile().token_count > before.token_count


def test_usage_counts_once_for_each_reply(t, file):
    t.import_trace(plain().write(file))
    assert t.compile().token_source == "api"
    assert t.compile().token_count == 50 + 10 + 8
    assert t.compile("HEAD~2").token_count == 5 + 10 + 30
    assert t.compile("HEAD~2").token_source == "api"
    assert t.compile("HEAD~1").token_source == "api+estimate"
    assert t.compile("HEAD~3").token_source == "tiktoken"


def test_the_model_is_the_generation_config_of_a_reply(t, file):
    t.import_trace(plain().write(file))
    assert t.show("HEAD").generation_config == {"model": "claude-sonnet-4-5"}
    assert t.show("HEAD~5").generation_config in (None, {})


def test_an_import_is_one_operation_and_undone_as_one(t, file):
    t.import_trace(plain().write(file))
    assert [row[2] for row in t.operations()] == ["import"]
    t.undo()
    assert state(t) == {"main": []}


def test_an_undone_import_can_be_made_again(t, file):
    t.import_trace(plain().write(file))
    said, head = texts(t), t.show("HEAD").hash
    t.undo()
    done = t.import_trace(file)
    assert (done.commits, done.known) == (6, 0)
    assert texts(t) == said
    assert t.show("HEAD").hash == head
    assert t.compile().token_count == 68


def test_an_import_is_never_rejected_by_a_budget(opened, file):
    tract = opened(token_budget=TokenBudget(3, "reject"))
    assert tract.import_trace(plain().write(file)).commits == 6


def test_two_runs_import_the_same_hashes(opened, file):
    plain().write(file)
    logs = []
    for _ in range(2):
        tract = opened(clock=None)
        tract.import_trace(file)
        logs.append([row[0] for row in tract.log(all=True)])
    assert logs[0] == logs[1]


def test_an_unanswered_call_is_reported(t, file):
    session = plain()
    session.assistant(use("toolu_2", command="ls"))
    done = t.import_trace(session.write(file))
    assert done.unanswered == 1
    assert "1 call without a result" in repr(done)
    check_compiled(t.compile())


def test_repeated_call_ids_are_paired_in_order(t, file):
    session = SessionFile()
    session.user("Read twice.")
    session.assistant(use("toolu_1", n=1), message="m")
    session.assistant(use("toolu_1", n=2), message="m")
    session.result("toolu_1", "first")
    session.result("toolu_1", "second")
    t.import_trace(session.write(file))
    said = t.compile().to_dicts()
    assert [message["content"] for message in said[2:]] == ["first", "second"]
    check_compiled(t.compile())


def test_a_repeated_id_answers_the_newest_run_that_has_one_open(t, file):
    session = SessionFile()
    session.user("Read.")
    session.assistant(use("toolu_1", n=1))
    session.user("Read again.")
    session.assistant(use("toolu_1", n=2), message="m")
    session.assistant(use("toolu_1", n=3), message="m")
    session.result("toolu_1", "of the second")
    session.result("toolu_1", "of the third")
    session.result("toolu_1", "of the first")
    t.import_trace(session.write(file))
    said = t.compile().to_dicts()
    assert [message["content"] for message in said if message["role"] == "tool"] == [
        *("of the first", "of the second", "of the third"),
    ]


def test_a_failed_result_is_an_error(t, file):
    session = SessionFile()
    session.user("Read.")
    session.assistant(use("toolu_1", n=1))
    session.result("toolu_1", [{"type": "text", "text": "no such file"}], failed=True)
    t.import_trace(session.write(file))
    assert t.compile().to_dicts()[-1] == {
        "role": "tool",
        "tool_call_id": "toolu_1",
        "name": "Read",
        "content": "no such file",
        "is_error": True,
    }


def test_records_that_say_nothing_are_counted_and_left_out(t, file):
    session = plain()
    session.add("poem", content="roses")
    session.add("system", subtype="turn_duration")
    session.user("")
    session.user("Go on.")
    done = t.import_trace(session.write(file))
    assert done.skipped["poem"] == 1
    assert texts(t)[-1] == "Go on."
    assert "poem: 1" in repr(done)


def test_an_image_is_no_text(t, file):
    session = SessionFile()
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD" * 1_000}}
    session.user([{"type": "text", "text": "Look."}, image])
    t.import_trace(session.write(file))
    assert texts(t)[0] == "Look."
    assert texts(t)[1].startswith("[image: image/png, 3,000 bytes")
    assert "QUJD" not in t.compile().to_text()


def test_integers_beyond_64_bits_come_in_as_text(t, file):
    session = SessionFile()
    session.user("Count.")
    session.assistant(use("toolu_1", n=2**70, m=[1, -(2**63)], f=1.5))
    t.import_trace(session.write(file))
    assert t.show("HEAD").content.arguments == {"n": str(2**70), "m": [1, -(2**63)], "f": 1.5}


@pytest.mark.parametrize("place", ["text", "result"])
def test_lone_surrogates_come_in_as_replacement_characters(t, file, place):
    session = SessionFile()
    session.user("a\ud800" if place == "text" else "Hi")
    session.assistant(use("toolu_1", n=1))
    session.result("toolu_1", "b\ud800")
    t.import_trace(session.write(file))
    assert texts(t)[-1] == "b\ufffd"


def test_a_lone_surrogate_in_arguments_comes_in_as_a_replacement_character(t, file):
    session = SessionFile()
    session.user("Hi")
    session.assistant(use("toolu_1", n="a\ud800"))
    t.import_trace(session.write(file))
    assert t.show("HEAD").content.arguments == {"n": "a\ufffd"}


# -- rewinds ----------------------------------------------------------------------------------------


def rewound():
    """Return a session in which the second prompt was given up for another."""
    session = SessionFile()
    session.user("one")
    answer = session.assistant("answer one")
    session.user("two")
    session.assistant("answer two")
    session.user("two, better", parent=answer)
    session.assistant("better answer")
    return session


def test_a_rewind_becomes_a_branch_and_the_main_line_is_what_the_session_went_on_with(t, file):
    done = t.import_trace(rewound().write(file))
    (branch,) = done.branches
    assert state(t) == {
        "main": ["one", "answer one", "two, better", "better answer"],
        branch: ["one", "answer one", "two", "answer two"],
    }
    assert t.branch_name == "main"
    t.undo()
    assert state(t) == {"main": []}


def test_a_session_may_go_on_with_the_first_of_two_prompts(t, file):
    session = SessionFile()
    session.user("one")
    answer = session.assistant("answer one")
    first = session.user("first")
    session.user("second", parent=answer)
    session.assistant("to the second")
    session.assistant("to the first", parent=first)
    done = t.import_trace(session.write(file))
    assert state(t) == {
        "main": ["one", "answer one", "first", "to the first"],
        done.branches[0]: ["one", "answer one", "second", "to the second"],
    }


def test_rewinds_of_rewinds_fork_where_they_were_made(t, file):
    session = SessionFile()
    session.user("one")
    answer = session.assistant("answer one")
    session.user("two")
    inner = session.assistant("answer two")
    session.user("three")
    session.user("three again", parent=inner)
    session.assistant("answer three again")
    session.user("two again", parent=answer)
    session.user("two once more", parent=answer)
    session.assistant("the end")
    done = t.import_trace(session.write(file))
    assert len(done.branches) == 3
    lines = state(t)
    assert lines.pop("main") == ["one", "answer one", "two once more", "the end"]
    assert sorted(lines.values()) == [
        ["one", "answer one", "two", "answer two", "three"],
        ["one", "answer one", "two", "answer two", "three again", "answer three again"],
        ["one", "answer one", "two again"],
    ]


def test_a_rewind_across_a_compaction_starts_before_it(t, file):
    session = SessionFile()
    session.user("one")
    answer = session.assistant("answer one")
    session.user("two")
    session.assistant("answer two")
    session.compact("summary of all")
    session.user("three")
    session.user("two, better", parent=answer)
    session.assistant("better answer")
    done = t.import_trace(session.write(file))
    assert state(t) == {
        "main": ["one", "answer one", "two, better", "better answer"],
        done.branches[0]: ["summary of all", "three"],
    }


def test_parallel_calls_and_records_put_in_by_the_program_are_no_rewind(t, file):
    session = SessionFile()
    session.user("Read both.")
    first = session.assistant(use("toolu_1", n=1), message="m")
    second = session.assistant(use("toolu_2", n=2), message="m")
    session.result("toolu_1", "one", parent=first)
    session.result("toolu_2", "two", parent=second)
    session.user("<system-reminder>tests passed</system-reminder>", parent=second, isMeta=True)
    session.assistant("Both read.")
    done = t.import_trace(session.write(file))
    assert done.branches == ()
    check_compiled(t.compile())
    assert texts(t)[-1] == "Both read."


# -- compactions ------------------------------------------------------------------------------------


def compacted():
    session = plain()
    session.compact("We read a.py: it sets x to 1.")
    session.user("Now set it to 2.")
    session.assistant(use("toolu_2", "Edit", file_path="/home/ann/app/a.py"))
    session.result("toolu_2", "done")
    return session


def test_a_compaction_hides_what_was_before_it_and_expand_shows_it(t, file):
    t.import_trace(compacted().write(file))
    assert texts(t)[:2] == ["We read a.py: it sets x to 1.", "Now set it to 2."]
    (row,) = t.log(kind="summary")
    assert [one[8] for one in t.expand(row[0])][-1] == "It sets x to 1."
    assert len(t.expand(row[0])) == 6
    assert t.status().covered == 6
    assert texts(t, f"{row[0]}~1")[-1] == "It sets x to 1."
    check_compiled(t.compile())


def test_a_pin_brings_back_what_a_compaction_hid(t, file):
    t.import_trace(compacted().write(file))
    (row,) = t.log(kind="summary")
    t.annotate(t.expand(row[0])[0][0], PINNED)
    assert texts(t)[:2] == ["We read a.py: it sets x to 1.", "What is in a.py?"]


def test_compactions_of_compactions_stand_for_all_before(t, file):
    session = compacted()
    session.compact("x was 1 and is 2.")
    session.user("Thanks.")
    t.import_trace(session.write(file))
    assert texts(t) == ["x was 1 and is 2.", "Thanks."]
    assert t.status().tokens > 0
    for row in t.log(all=True):
        assert t.compile(row[0]).token_count == Tract.on(t._ws.db, clock=frozen).compile(row[0]).token_count


def test_the_running_size_is_right_after_a_compaction(t, file):
    session = SessionFile()
    session.user("word " * 50)
    session.assistant("long answer " * 30)
    session.compact("short")
    session.user("go on")
    t.import_trace(session.write(file))
    (row,) = [row for row in t.branches() if row[0] == "main"]
    assert row[3] == t.compile().token_count == t.status().tokens


def test_a_compaction_without_a_summary_is_said_to_be_one(t, file):
    session = plain()
    session.add("system", parent=None, logicalParentUuid=session.last, subtype="compact_boundary", content="")
    session.user("Go on.")
    t.import_trace(session.write(file))
    assert len(texts(t)) == 2
    assert "no summary" in texts(t)[0]


# -- secrets ----------------------------------------------------------------------------------------


def with_secrets():
    session = SessionFile()
    session.user(f"My token is {SECRET}")
    session.assistant(
        {"type": "thinking", "thinking": SECRET, "signature": "s"}, use("toolu_1", env={"TOKEN": [SECRET]})
    )
    session.result("toolu_1", f"export TOKEN={SECRET}")
    session.assistant(f"Yours is {SECRET}")
    session.compact(f"The token is {SECRET}")
    return session


def stored(tract):
    return b"".join(bytes(value) for (value,) in tract._ws.db.all("SELECT data FROM blob"))


def test_secrets_are_replaced_and_listed_by_kind_and_place(t, file):
    done = t.import_trace(with_secrets().write(file))
    assert SECRET.encode() not in stored(t)
    assert {kind for kind, _ in done.secrets} == {"github-token"}
    assert len(done.secrets) == 6
    for _, place in done.secrets:
        assert "[secret: github-token]" in json.dumps(t.show(place).content.to_payload())
    assert SECRET not in repr(done)
    assert "6 likely secrets" in repr(done)


def test_secrets_are_kept_where_that_is_asked_for(t, file):
    done = t.import_trace(with_secrets().write(file), redact=False)
    assert done.secrets == ()
    assert stored(t).count(SECRET.encode()) == 6


def test_reading_never_redacts(file):
    with_secrets().write(file)
    assert SECRET in next(iter(trace.read(file).events)).text


# -- the same file again ----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [plain, rewound, compacted, with_secrets])
def test_the_same_file_again_adds_nothing(t, file, make):
    make().write(file)
    first = t.import_trace(file)
    before, lines = written(t), state(t)
    again = t.import_trace(file)
    assert again.commits == 0
    assert again.known > 0
    assert (again.branch, again.branches) == (first.branch, ())
    assert written(t) == before
    assert state(t) == lines


@pytest.mark.parametrize("make", [plain, rewound, compacted])
def test_a_file_that_grew_record_by_record_is_the_file_at_once(tmp_path, opened, make):
    whole = make()
    grown, at_once = opened(), opened()
    for number in range(1, len(whole.records) + 1):
        part = SessionFile(records=whole.records[:number])
        grown.import_trace(part.write(tmp_path / "parts" / f"{ID}.jsonl"))
    at_once.import_trace(whole.write(tmp_path / "whole" / f"{ID}.jsonl"))
    if make is rewound:
        assert sorted(state(grown).values()) == sorted(state(at_once).values())
    elif make is plain:
        assert state(grown) == state(at_once)
        assert grown.compile().token_count == at_once.compile().token_count
    assert texts(grown)[-1] == texts(at_once)[-1] or make is rewound


def test_a_file_that_grew_adds_only_what_is_new(t, file):
    session = plain()
    t.import_trace(session.write(file))
    session.user("Thanks.")
    session.assistant("You're welcome.")
    done = t.import_trace(session.write(file))
    assert (done.commits, done.known, done.branch) == (2, 6, "main")
    assert texts(t)[-2:] == ["Thanks.", "You're welcome."]


def test_a_result_that_comes_with_the_new_part_answers_its_call(t, file):
    session = SessionFile()
    session.user("Read.")
    session.assistant(use("toolu_1", n=1))
    t.import_trace(session.write(file))
    session.result("toolu_1", "text")
    t.import_trace(session.write(file))
    assert t.compile().warnings == ()
    assert t.compile().to_dicts()[-1]["content"] == "text"


def test_a_reply_that_was_cut_counts_once_when_it_is_whole(t, file):
    session = SessionFile()
    session.user("Hi")
    session.assistant("Hello", message="m", usage=(5, 1))
    t.import_trace(session.write(file))
    session.assistant("there", message="m", usage=(5, 9))
    t.import_trace(session.write(file))
    assert t.compile().token_count == 5 + 10 + 9
    assert t.compile("HEAD~1").token_source == "tiktoken"


def test_a_file_grows_after_a_pin_an_edit_and_a_skip(t, file):
    session = plain()
    t.import_trace(session.write(file))
    t.annotate("HEAD", PINNED)
    t.edit("HEAD~5", "What is in a.py, please?")
    t.annotate("HEAD~4", SKIP)
    before = texts(t)
    session.user("Thanks.")
    done = t.import_trace(session.write(file))
    assert (done.commits, done.branch) == (1, "main")
    assert texts(t) == [*before, "Thanks."]
    assert t.import_trace(file).commits == 0


def test_a_file_grows_after_one_committed_on_top(t, file):
    session = plain()
    t.import_trace(session.write(file))
    t.user("my own question")
    session.user("Thanks.")
    done = t.import_trace(session.write(file))
    assert (done.commits, done.branch) == (1, "main")
    assert texts(t)[-2:] == ["my own question", "Thanks."]
    assert t.import_trace(file).commits == 0


def test_a_file_grows_on_its_branch_while_one_stands_on_another(t, file):
    session = plain()
    t.import_trace(session.write(file))
    t.branch("try", at="HEAD~1")
    t.switch("try")
    t.user("on try")
    before = texts(t)
    session.user("Thanks.")
    done = t.import_trace(session.write(file))
    assert done.branch == "main"
    assert texts(t, "main")[-1] == "Thanks."
    assert texts(t) == before
    assert t.branch_name == "try"


def test_a_new_part_that_rewinds_into_the_old_gets_a_branch_and_head_stays(t, file):
    session = SessionFile()
    session.user("one")
    answer = session.assistant("answer one")
    session.user("two")
    session.assistant("answer two")
    t.import_trace(session.write(file))
    session.user("two, better", parent=answer)
    session.assistant("better answer")
    done = t.import_trace(session.write(file))
    assert done.commits == 2
    lines = state(t)
    assert lines.pop("main") == ["one", "answer one", "two", "answer two"]
    assert list(lines.values()) == [["one", "answer one", "two, better", "better answer"]]
    assert t.import_trace(file).commits == 0
    session.user("and on")
    assert t.import_trace(session.write(file)).commits == 1
    assert [line[-1] for line in state(t).values()].count("and on") == 1
    assert state(t)["main"] == ["one", "answer one", "two", "answer two"]


def test_the_branch_of_the_main_line_is_told_when_it_is_a_new_one(t, file):
    session = SessionFile()
    session.user("one")
    answer = session.assistant("answer one")
    session.user("two")
    t.import_trace(session.write(file))
    session.user("two, better", parent=answer)
    done = t.import_trace(session.write(file))
    assert texts(t, done.branch) == ["one", "answer one", "two, better"]


def test_a_new_part_that_rewinds_behind_an_image_keeps_it(opened, tmp_path):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
    session = SessionFile()
    session.user("one")
    session.assistant(use("toolu_1", n=1))
    seen = session.result("toolu_1", [{"type": "text", "text": "a picture"}, image])
    session.user("two")
    parts = opened()
    parts.import_trace(session.write(tmp_path / "parts" / f"{ID}.jsonl"))
    session.user("two, better", parent=seen)
    parts.import_trace(session.write(tmp_path / "parts" / f"{ID}.jsonl"))
    at_once = opened()
    at_once.import_trace(session.write(tmp_path / "whole" / f"{ID}.jsonl"))
    assert sorted(state(parts).values()) == sorted(state(at_once).values())


def test_a_grown_file_that_compacts_covers_what_was_there(t, file):
    session = plain()
    t.import_trace(session.write(file))
    t.annotate("HEAD~5", PINNED)
    session.compact("We read a.py.")
    session.user("Go on.")
    t.import_trace(session.write(file))
    assert texts(t) == ["We read a.py.", "What is in a.py?", "Go on."]
    assert t.status().tokens == t.compile().token_count


# -- beside other histories -------------------------------------------------------------------------


def test_a_tract_that_is_not_empty_gets_a_root_branch_and_head_stays(t, file):
    t.user("my own")
    done = t.import_trace(plain().write(file))
    assert done.branch == f"trace/{SHORT}"
    assert t.branch_name == "main"
    assert texts(t) == ["my own"]
    assert texts(t, done.branch)[0] == "What is in a.py?"
    t.user("goes on")
    assert t.import_trace(file).commits == 0
    t.undo()
    t.undo()
    assert state(t) == {"main": ["my own"]}


def test_two_sessions_stand_side_by_side(tmp_path, t):
    other = SessionFile(id="c0ffee00-0000-4000-8000-000000000002")
    other.user("Something else")
    first = t.import_trace(plain().write(tmp_path / f"{ID}.jsonl"))
    second = t.import_trace(other.write(tmp_path / "other.jsonl"))
    assert (first.branch, second.branch) == ("main", "trace/c0ffee00")
    assert texts(t, second.branch) == ["Something else"]
    assert t.import_trace(tmp_path / f"{ID}.jsonl").commits == 0
    assert t.import_trace(tmp_path / "other.jsonl").commits == 0


def resumed(tmp_path):
    """Return the files of a session and of one that was resumed from it: the copy repeats its records."""
    session = plain()
    first = session.write(tmp_path / f"{ID}.jsonl")
    copy_id = "c0ffee00-0000-4000-8000-000000000002"
    copy = SessionFile(
        id=copy_id,
        records=[{**record, "sessionId": copy_id} for record in session.records],
        last=session.last,
    )
    copy.user("And in b.py?")
    return first, copy, copy.write(tmp_path / "resumed" / f"{copy_id}.jsonl")


def test_a_resumed_session_is_a_history_of_its_own(tmp_path, t):
    first, _, second = resumed(tmp_path)
    t.import_trace(first)
    done = t.import_trace(second)
    assert texts(t, done.branch) == [*texts(t, "main"), "And in b.py?"]
    assert len(texts(t, "main")) == 5


def test_a_resumed_session_adds_nothing_when_it_is_imported_again(tmp_path, t):
    first, _, second = resumed(tmp_path)
    t.import_trace(first)
    done = t.import_trace(second)
    said = texts(t, done.branch)
    assert t.import_trace(second).commits == 0
    assert texts(t, done.branch) == said


# -- agents -----------------------------------------------------------------------------------------


def with_agent(tmp_path):
    """Return the file of a session that starts an agent, whose own file lies in the newer layout."""
    session = SessionFile()
    session.user("Look into it.")
    session.assistant(
        use("toolu_9", "Task", prompt="Count the files.", description="count", subagent_type="Explore")
    )
    session.result("toolu_9", [{"type": "text", "text": "There are 3 files."}])
    session.assistant("Three.")
    agent = SessionFile(agent="a1b2c3d4")
    agent.user("Count the files.")
    agent.assistant(use("toolu_5", "Bash", command="ls | wc -l"))
    agent.result("toolu_5", "3")
    agent.assistant("There are 3 files.")
    agent.write(tmp_path / ID / "subagents" / "agent-a1b2c3d4.jsonl")
    return session, agent, session.write(tmp_path / f"{ID}.jsonl")


def test_an_agent_becomes_a_tract_linked_to_the_call_that_started_it(t, tmp_path, opened):
    done = t.import_trace(with_agent(tmp_path)[2])
    name = f"{SHORT}/a1b2c3d4"
    assert done.tracts == (name,)
    assert done.commits == 8
    frame = t.tracts().to_frame().set_index("tract")
    call = next(message for message in t.compile().messages if message.is_call)
    assert frame.parent[name] == "default"
    assert call.commit.startswith(frame.call[name])
    agent = Tract.on(t._ws.db, name=name, clock=frozen)
    assert texts(agent) == ["Count the files.", '{"command":"ls | wc -l"}', "3", "There are 3 files."]
    check_compiled(agent.compile())
    assert "Count the files." not in [text for text in texts(t) if "prompt" not in text]


def test_agents_are_undone_and_imported_again_with_their_session(t, tmp_path):
    file = with_agent(tmp_path)[2]
    t.import_trace(file)
    agent = Tract.on(t._ws.db, name=f"{SHORT}/a1b2c3d4", clock=frozen)
    said = texts(agent)
    t.undo()
    assert texts(agent) == []
    assert texts(t) == []
    assert t.import_trace(file).commits == 8
    assert texts(agent) == said


def test_an_agent_that_grew_adds_only_what_is_new(t, tmp_path):
    _, agent, file = with_agent(tmp_path)
    t.import_trace(file)
    before = t.show("HEAD").hash
    agent.user("And folders?")
    agent.write(tmp_path / ID / "subagents" / "agent-a1b2c3d4.jsonl")
    done = t.import_trace(file)
    assert done.commits == 1
    assert t.show("HEAD").hash == before
    assert texts(Tract.on(t._ws.db, name=f"{SHORT}/a1b2c3d4", clock=frozen))[-1] == "And folders?"
    assert t.import_trace(file).commits == 0


def test_undo_of_an_import_is_refused_when_an_agents_tract_went_on(t, tmp_path):
    t.import_trace(with_agent(tmp_path)[2])
    agent = Tract.on(t._ws.db, name=f"{SHORT}/a1b2c3d4", clock=frozen, actor="Bob")
    agent.user("my own")
    with pytest.raises(RefError, match="Bob"):
        t.undo()
    assert len(texts(t)) == 4
    agent.undo()
    t.undo()
    assert texts(t) == []


# -- whole or not at all ----------------------------------------------------------------------------


def event(number, text, **fields):
    given = {
        "kind": "message",
        "role": "user",
        "is_prompt": True,
        "parent": f"e{number - 1}" if number else None,
    }
    return Event(id=f"e{number}", agent=None, time=None, text=text, **{**given, **fields})


def turns(number):
    return [event(one, f"turn {one}") for one in range(number)]


def test_an_error_half_way_moves_no_ref(t):
    t.user("my own")

    def read(reading):
        yield from turns(1_200)
        if reading == 2:
            raise TraceError("The file ends in the middle.", "Get it again.")

    before = state(t)
    refs = written(t)["ref"], written(t)["op"]
    with pytest.raises(TraceError, match="in the middle"):
        t.import_trace(MadeTrace(Reread(read)))
    assert state(t) == before
    assert (written(t)["ref"], written(t)["op"]) == refs
    assert t.import_trace(MadeTrace(turns(1_200))).commits == 1_200
    assert texts(t, "trace/5e551011") == [f"turn {number}" for number in range(1_200)]


@pytest.mark.parametrize("at", [3, 700, 1_199])
def test_an_interrupt_half_way_moves_no_ref_and_the_handle_goes_on(t, monkeypatch, at):
    real, calls = objects.put_commit, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(objects, "put_commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            t.import_trace(MadeTrace(turns(1_200)))
    assert state(t) == {"main": []}
    t.user("my own")
    t.import_trace(MadeTrace(turns(1_200)))
    assert texts(t, "trace/5e551011") == [f"turn {number}" for number in range(1_200)]
    assert texts(t) == ["my own"]


def test_what_an_interrupted_import_remembered_is_forgotten(t, monkeypatch):
    """A chunk that was rolled back gave its numbers back; what is written next takes them."""
    story = [*turns(3), event(3, "summary", kind="compaction", is_prompt=False), *turns(8)[4:]]
    real, calls = objects.put_commit, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(objects, "put_commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            t.import_trace(MadeTrace(story))
    for number in range(10):
        t.user(f"my own {number}")
    done = t.import_trace(MadeTrace(story))
    cold = Tract.on(t._ws.db, clock=frozen)
    for at in (done.branch, f"{done.branch}~4", f"{done.branch}~5", f"{done.branch}~6"):
        assert texts(t, at) == texts(cold, at)
    assert texts(t, done.branch) == ["summary", "turn 4", "turn 5", "turn 6", "turn 7"]
    assert t.status().covered == 0
    assert texts(t, f"{done.branch}~5") == ["turn 0", "turn 1", "turn 2"]


def test_a_branch_that_moves_while_a_trace_is_read_stops_the_import(tmp_path, opened):
    t, other = opened(tmp_path / "work.db"), opened(tmp_path / "work.db")

    def read(reading):
        yield from turns(2)
        if reading == 2:
            other.refresh()
            other.user("quicker")

    with pytest.raises(HeadMovedError, match="moved"):
        t.import_trace(MadeTrace(Reread(read)))
    assert state(t) == {"main": ["quicker"]}


def test_a_commit_on_any_branch_that_an_import_grows_is_not_lost(tmp_path, opened):
    t, other = opened(tmp_path / "work.db"), opened(tmp_path / "work.db")
    first = [*turns(2), event(2, "given up", parent="e0"), event(3, "kept", parent="e0")]
    t.import_trace(MadeTrace(first[:3]))
    done = t.import_trace(MadeTrace(first))
    (grown,) = done.branches or [name for name in state(t) if texts(t, name)[-1] == "kept"]
    other.switch(grown)

    def read(reading):
        yield from [*first, event(4, "new")]
        if reading == 2:
            other.user("Bob's")

    with pytest.raises(HeadMovedError):
        t.import_trace(MadeTrace(Reread(read)))
    assert "Bob's" in texts(t, grown)


def test_a_commit_on_an_agents_branch_is_not_lost(tmp_path, opened):
    t = opened(tmp_path / "work.db")
    agent_turns = turns(2)
    t.import_trace(MadeTrace(turns(1), agents={"a": MadeAgent("a", agent_turns)}))
    other = opened(tmp_path / "work.db", name="5e551011/a")

    def read(reading):
        yield from [*agent_turns, event(2, "new")]
        other.user("Bob's")

    with pytest.raises(HeadMovedError):
        t.import_trace(MadeTrace(turns(1), agents={"a": MadeAgent("a", Reread(read))}))  # type: ignore[arg-type]
    assert "Bob's" in texts(other)


def test_an_import_beside_is_no_look_at_the_tip(tmp_path, opened):
    ann, bob = opened(tmp_path / "work.db"), opened(tmp_path / "work.db")
    ann.user("Ann's")
    bob.import_trace(MadeTrace(turns(2)))
    with pytest.raises(HeadMovedError):
        bob.user("Bob's")


def test_a_trace_without_messages_is_an_error_and_imports_nothing(t, tmp_path):
    before = written(t)
    session = SessionFile()
    session.add("file-history-snapshot")
    session.add("system", subtype="init")
    for path in (session.write(tmp_path / "a.jsonl"), tmp_path / "missing.jsonl", tmp_path):
        with pytest.raises(TraceError):
            t.import_trace(path)
    with pytest.raises(TraceError):
        t.import_trace(MadeTrace([event(0, " ")]))
    assert written(t) == before


def test_a_last_line_cut_off_gives_the_readable_part(t, file):
    plain().write(file)
    file.write_bytes(file.read_bytes()[:-40])
    done = t.import_trace(file)
    assert done.commits == 5
    assert any("line 6" in what for what in done.skipped)
    plain().write(file)
    assert t.import_trace(file).commits == 1


def test_a_read_only_tract_takes_no_import(tmp_path, opened, file):
    opened(tmp_path / "work.db").user("my own")
    reader = opened(tmp_path / "work.db", read_only=True)
    with pytest.raises(StoreError, match="read-only"):
        reader.import_trace(plain().write(file))
    assert state(reader) == {"main": ["my own"]}


def test_from_trace_opens_and_imports(tmp_path, file):
    tract = Tract.from_trace(plain().write(file), tmp_path / "work.db")
    assert len(texts(tract)) == 5
    tract.close()


def test_an_image_alone_is_a_commit_and_known_again(t):
    story = [
        event(0, "", images=(Image("image/png", "QUJD"),)),
        event(1, "Look.", images=(Image("image/png", "REVG"),)),
    ]
    assert t.import_trace(MadeTrace(story)).commits == 3
    assert t.import_trace(MadeTrace(story)).commits == 0


def test_an_import_into_a_tract_that_is_counted_elsewhere_keeps_its_encoding(opened, file):
    tract = opened(model="gpt-4")
    tract.import_trace(plain().write(file))
    assert tract.log(kind=Kind.APPEND)[0][6] > 0
    assert tract._ws.counter.name == "cl100k_base"
