"""What takes the room: the largest units, tools and files, and what masking them would save."""

from __future__ import annotations

import pytest

from tract_nb import IMPORTANT, PINNED, ContentError
from tract_nb.engine.masking import KEEP_LAST, mask_line
from tract_nb.view.naming import names_in, used_later


def call(tract, tool, path, output, status="success"):
    made = tract.tool_call(tool, {"file_path": path})
    return tract.tool_result(made.content.call_id, output, status=status)


@pytest.fixture
def t(opened):
    """Three reads of two files and a search, then ten turns that masking would leave whole."""
    tract = opened()
    call(tract, "Read", "/home/ann/app/src/big.py", "def load_config(path): ...\n" * 60)
    call(tract, "Read", "/home/ann/app/src/big.py", "def load_config(path): ...\n" * 30)
    call(tract, "Read", "/home/ann/app/tests/test_big.py", "def test_load(): ...\n" * 20)
    call(tract, "Grep", "/home/ann/app/tests", "nothing here\n" * 5)
    for number in range(KEEP_LAST):
        tract.user(f"turn {number}")
    return tract


def test_the_largest_units_come_first_with_what_their_calls_were_about(t):
    takers = t.takers(2)
    assert [(unit.who, unit.preview) for unit in takers.units] == [("← Read", "src/big.py")] * 2
    assert takers.units[0].tokens > takers.units[1].tokens
    assert takers.units[0].tokens == t.budget(1)[-1].tokens


def test_masking_saves_all_but_the_line_that_would_stand_there(t):
    unit = t.takers(1).units[0]
    commit = t.show(unit.commit)
    line = mask_line("Read", "/home/ann/app/src/big.py", "success", commit.text, commit.tokens)
    assert unit.saved == commit.tokens - t._ws.count(line)
    assert 0 < unit.saved < unit.tokens


def test_tools_and_files_are_counted_with_calls_and_results(t):
    takers = t.takers()
    assert [(group.name, group.calls) for group in takers.tools] == [("Read", 3), ("Grep", 1)]
    assert [(group.shown, group.calls) for group in takers.files] == [
        ("src/big.py", 2),
        ("tests/test_big.py", 1),
        ("tests", 1),
    ]
    assert len(takers.files[0].commits) == 4
    of_tools = sum(row.tokens for row in t.budget(100) if row.by == "type" and row.name == "tool_io")
    assert sum(group.tokens for group in takers.tools) == of_tools
    saves = [unit for unit in t.takers(100).units if unit.saved]
    assert takers.old.saved == sum(group.saved for group in takers.tools) > 0
    assert takers.old.tokens == sum(unit.tokens for unit in saves)
    assert set(takers.old.commits) == {unit.commit for unit in saves}
    assert takers.old.calls == len(saves)


def test_what_matters_and_what_is_recent_is_left_whole(t):
    first, second = (unit.commit for unit in t.takers(2).units)
    t.annotate(first, IMPORTANT)
    t.annotate(second, PINNED)
    recent = call(t, "Read", "/home/ann/app/new.py", "x = 1\n" * 200)
    saved = {unit.commit: unit.saved for unit in t.takers(100).units}
    assert saved[first] == saved[second] == saved[recent.short] == 0


def test_an_output_shorter_than_its_line_saves_nothing(opened):
    tract = opened()
    call(tract, "Read", "/a/b.py", "ok")
    for number in range(KEEP_LAST):
        tract.user(f"turn {number}")
    assert tract.takers().old.saved == 0


def test_an_edited_output_counts_as_it_is_now(t):
    first = t.takers(1).units[0]
    t.edit(first.commit, "short")
    assert t.takers(1).units[0].commit != first.commit


def test_a_shorter_list_than_none_is_an_error(t):
    with pytest.raises(ContentError):
        t.takers(-1)


def test_what_is_known_of_a_unit_follows_its_edits(t):
    before = t.takers()
    call = next(s.commit for s in t.strip().segments if s.who == "→ Read")
    t.edit(call, '{"file_path": "/home/ann/app/src/other.py"}')
    after = t.takers()
    assert "src/other.py" in [group.shown for group in after.files]
    assert after.units[0].saved != 0
    assert after.units[0].preview == "src/other.py"
    t.undo()
    assert t.takers() == before


def test_nothing_committed_takes_nothing(opened):
    takers = opened().takers()
    assert (takers.units, takers.tools, takers.files) == ((), (), ())
    assert (takers.old.calls, takers.old.tokens) == (0, 0)


# The line -------------------------------------------------------------------------------------------------


def test_a_mask_says_tool_arguments_size_and_hash():
    line = mask_line("Bash", "git  log\n-5", "success", "a b c", 3)
    assert line == "[Bash git log -5: 3 tokens left out, sha256 0e9f6c4b7f7d]".replace(
        "0e9f6c4b7f7d", line[-13:-1]
    )
    assert "\n" not in line


def test_a_mask_of_a_failure_says_what_failed():
    output = "collected 3 items\nFAILED tests/test_a.py::test_one - ValueError: no such city\n\n1 line more\n"
    line = mask_line("Bash", "pytest", "error", output, 40)
    assert "error (FAILED tests/test_a.py::test_one - ValueError: no such city)" in line


# Names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("see src/app/models.py:12 and README.md", {"models.py", "README.md"}),
        ("call load_config or loadConfig, then Config.read", {"load_config", "loadConfig", "Config.read"}),
        ("commit 38cd6b4 of 2024, version 1.2.3, e.g. this", {"38cd6b4"}),
        ("a plain sentence, with words and 12345 numbers", set()),
        ("the folder cmd/entire/cli", {"cmd/entire/cli"}),
    ],
)
def test_names_are_paths_identifiers_and_hashes(text, names):
    assert names_in(text) == names


def test_a_line_of_a_megabyte_is_read_for_names():
    assert names_in("x" * 1_000_000) == set()
    assert "load_config" in names_in("x" * 1_000_000 + " load_config")


def test_a_name_is_used_where_the_user_or_the_model_says_it_later():
    turns = [
        (False, "load_config save_config old_name"),  # an output
        (True, "I will call load_config"),
        (False, "save_config again, in an output"),
        (True, "old_name was here"),
        (False, "load_config, and nobody speaks of it after this"),
    ]
    says, texts = zip(*turns, strict=True)
    found = used_later(says, lambda place: names_in(texts[place]), {0, 4})
    assert found == {0: (2, 3), 4: (0, 1)}
