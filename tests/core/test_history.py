"""History: log, show, status, branches, and the names of commits."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta

import pandas as pd
import pytest

from tests.core.helpers import NINE, texts, written
from tract_nb import PINNED, SKIP, ContentError, RefError, TractError, TractWarning
from tract_nb.model.commit import Kind
from tract_nb.operations.branches import check_name


def test_log_lists_the_newest_first_with_documented_columns(t):
    t.system("Be brief.")
    t.user("Hello\n  there " + "x" * 200)
    frame = t.log().to_frame()
    assert list(frame.columns) == [
        *("commit", "time", "branch", "kind", "type", "role", "tokens", "priority", "preview"),
    ]
    assert str(frame.time.dtype) == "datetime64[us, UTC]"
    assert str(frame.tokens.dtype) == "int64"
    assert list(frame.kind) == ["append", "append"]
    assert list(frame.role) == ["user", "system"]
    assert frame.preview[0].startswith("Hello there x")
    assert len(frame.preview[0]) == 80
    assert frame.time.is_monotonic_decreasing


def test_an_empty_log_has_the_same_columns(t):
    empty = t.log().to_frame()
    t.user("Hello")
    pd.testing.assert_series_equal(empty.dtypes, t.log().to_frame().dtypes)


def test_log_is_narrowed_by_each_of_its_options(t):
    t.system("one")
    t.user("two")
    t.edit("HEAD", "two!")
    t.annotate("HEAD", SKIP)
    assert len(t.log(2)) == 2
    assert len(t.log(0)) == 0
    assert [row[3] for row in t.log(kind="edit")] == ["edit"]
    assert [row[3] for row in t.log(kind=Kind.MARK)] == ["mark"]
    assert [row[4] for row in t.log(content_type="instruction")] == ["instruction"]
    assert len(t.log(since=NINE + timedelta(hours=1))) == 0
    assert len(t.log(since=NINE)) == 3
    assert len(t.log(since=NINE.replace(tzinfo=None))) == 3


def test_log_hides_marks_unless_all_is_asked_for(t):
    t.user("Hello")
    t.annotate("HEAD", PINNED)
    assert [row[3] for row in t.log()] == ["append"]
    assert [row[3] for row in t.log(all=True)] == ["mark", "append"]
    assert t.log()[0][7] == "PINNED"


def test_log_of_another_branch(t):
    t.user("root")
    t.branch("try")
    t.user("main only")
    assert [row[8] for row in t.log(branch="try")] == ["root"]
    assert t.log(branch="try")[0][2] == "try"
    with pytest.raises(RefError):
        t.log(branch="nope")


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"kind": "poem"}])
def test_log_refuses_what_lists_nothing(t, wrong):
    with pytest.raises(ContentError) as caught:
        t.log(**wrong)
    assert caught.value.hint


def test_show_returns_the_whole_commit(t):
    t.system("root")
    made = t.user("Hello", message="why", metadata={"a": [1]}, generation_config={"temperature": 0})
    shown = t.show("HEAD")
    assert shown == made
    assert shown.parents == (t.show("HEAD~1").hash,)
    assert shown.generation_config == {"temperature": 0}


def test_status_says_where_it_stands(opened):
    tract = opened(token_budget=1_000)
    assert tract.status().head is None
    tract.system("root")
    skipped = tract.user("Hello")
    tract.annotate(skipped.hash, SKIP)
    status = tract.status()
    assert (status.branch, status.tract, status.max_tokens) == ("main", "default", 1_000)
    assert (status.commits, status.pinned, status.skipped, status.covered) == (2, 1, 1, 0)
    assert status.head == tract.show("HEAD").hash
    assert status.tokens == tract.compile().token_count
    assert len(status.recent) == 2
    assert "1,000" in repr(status)
    assert repr(status) == repr(tract)


def test_branches_lists_each_with_its_tip(t):
    t.user("root")
    t.branch("try")
    t.user("more")
    frame = t.branches().to_frame().set_index("branch")
    assert list(frame.index) == ["main", "try"]
    assert list(frame.current) == [True, False]
    assert frame.preview["try"] == "root"
    assert frame.tokens["main"] > frame.tokens["try"]


def test_a_new_branch_leaves_head_where_it_is(t):
    t.user("root")
    t.branch("try")
    assert t.branch_name == "main"
    t.user("main only")
    t.switch("try")
    assert texts(t) == ["root"]
    t.user("try only")
    t.switch("main")
    assert texts(t) == ["root", "main only"]


def test_a_branch_can_start_at_an_earlier_commit(t):
    t.user("one")
    t.user("two")
    t.branch("back", at="HEAD~1")
    assert texts(t, "back") == ["one"]


def test_a_branch_of_an_empty_tract_is_empty(t):
    assert t.branch("try") is None
    t.switch("try")
    t.user("first")
    assert texts(t) == ["first"]
    t.switch("main")
    assert texts(t) == []


def test_an_existing_branch_is_not_made_again(t):
    t.user("root")
    t.branch("try")
    before = written(t)
    with pytest.raises(RefError, match="there already") as caught:
        t.branch("try")
    assert "switch" in caught.value.hint
    assert written(t) == before


def test_switch_goes_back_with_a_dash(t):
    t.branch("try")
    with pytest.raises(RefError, match="no branch to go back to"):
        t.switch("-")
    t.switch("try")
    t.switch("-")
    assert t.branch_name == "main"
    t.switch("-")
    assert t.branch_name == "try"


def test_switch_to_what_is_no_branch_says_what_to_do(t):
    commit = t.user("Hello")
    with pytest.raises(RefError, match="not a branch") as caught:
        t.switch(commit.hash)
    assert "t.branch" in caught.value.hint
    t.branch("feature")
    with pytest.raises(RefError) as caught:
        t.switch("featrue")
    assert "feature" in caught.value.hint
    assert t.branch_name == "main"


def test_head_belongs_to_the_handle(tmp_path, opened):
    one, other = opened(tmp_path / "work.db"), opened(tmp_path / "work.db")
    one.user("root")
    one.branch("try")
    one.switch("try")
    assert other.branch_name == "main"


def test_a_handle_whose_branch_is_gone_stands_on_the_first_one_and_says_so(tmp_path, opened):
    one, other = opened(tmp_path / "work.db"), opened(tmp_path / "work.db")
    one.user("root")
    one.branch("try")
    other.switch("try")
    one.undo()
    with pytest.warns(TractWarning, match="try is gone; HEAD is on main"):
        assert texts(other) == ["root"]
    other.user("goes on")
    assert texts(one) == ["root", "goes on"]


def test_every_name_of_a_commit_means_it(t):
    first = t.user("one")
    t.user("two")
    t.branch("try", at="HEAD~1")
    for name in (
        "HEAD~1",
        "HEAD^",
        "main~1",
        "main^",
        "~1",
        "try",
        first.hash,
        first.hash.upper(),
        first.hash[:8],
    ):
        assert t.show(name).hash == first.hash, name
    assert t.show("HEAD").text == t.show("@").text == t.show("main").text == "two"
    assert t.show(" HEAD ").text == "two"


@pytest.mark.parametrize(
    "name", ["nope", "abc", "ffffffff", "HEAD~", "main~5", "HEAD@{9}", "try@{0}", "a b", "~~~", "^{}"]
)
def test_a_name_that_means_nothing_is_an_error_with_a_hint(t, name):
    t.user("Hello")
    if name == "HEAD~":
        name = "HEAD~2"
    with pytest.raises(RefError) as caught:
        t.show(name)
    assert caught.value.hint
    with pytest.raises(RefError):
        t.compile(at=name)


def test_an_unknown_name_suggests_the_nearest(t):
    t.user("Hello")
    t.branch("experiment")
    with pytest.raises(RefError, match="is no branch, tag or hash") as caught:
        t.show("experimnt")
    assert "Did you mean experiment?" in str(caught.value)


@pytest.mark.parametrize("verb", ["show", "compile", "annotate"])
def test_an_empty_name_means_nothing(t, verb):
    t.user("Hello")
    with pytest.raises(RefError):
        {
            "show": lambda: t.show(""),
            "compile": lambda: t.compile(at=""),
            "annotate": lambda: t.annotate("", SKIP),
        }[verb]()


@pytest.mark.parametrize("verb", ["show", "branch", "switch", "log"])
def test_a_name_with_a_lone_surrogate_is_an_error_for_a_person(t, verb):
    t.user("Hello")
    with pytest.raises(TractError):
        {
            "show": lambda: t.show("a\ud800"),
            "branch": lambda: t.branch("a\ud800"),
            "switch": lambda: t.switch("a\ud800"),
            "log": lambda: t.log(branch="a\ud800"),
        }[verb]()


@pytest.mark.parametrize("verb", ["show", "compile", "branch"])
def test_a_commit_is_taken_wherever_its_name_is(t, verb):
    first = t.user("one")
    t.user("two")
    if verb == "show":
        assert t.show(first).hash == first.hash
    elif verb == "compile":
        assert [message.text for message in t.compile(first).messages] == ["one"]
    else:
        assert t.branch("try", at=first).hash == first.hash


def test_an_ambiguous_prefix_lists_the_candidates(t):
    made = [t.user(f"text {number}") for number in range(4_000)]
    by_prefix: dict[str, list[str]] = {}
    for commit in made:
        by_prefix.setdefault(commit.hash[:4], []).append(commit.hash)
    prefix, hashes = max(by_prefix.items(), key=lambda item: len(item[1]))
    assert len(hashes) > 1
    with pytest.raises(RefError, match="more than one hash") as caught:
        t.show(prefix)
    assert all(digest[:12] in str(caught.value) for digest in hashes)
    assert "more digits" in caught.value.hint


def test_a_branch_comes_before_a_prefix_of_its_name(t):
    first = t.user("one")
    t.user("two")
    t.branch(first.hash[:6])
    assert t.show(first.hash[:6]).text == "two"
    assert t.show(first.hash[:7]).text == "one"


def test_an_empty_tract_has_no_commit_to_name(t):
    for name in ("HEAD", "main", "HEAD~1"):
        with pytest.raises(RefError):
            t.show(name)
    assert texts(t) == []
    assert t.compile().head == ""


def test_steps_back_stand_right_before_the_listed_commit_and_keep_its_marks(t):
    one = t.user("one")
    t.annotate(one.hash, SKIP)
    t.user("two")
    t.annotate(one.hash, PINNED)
    assert t.show("HEAD").kind is Kind.MARK
    assert texts(t, "HEAD~1") == []  # the MARK that skipped it was set by then
    assert t.show("HEAD~1").kind is Kind.MARK
    assert texts(t, "HEAD~1~0") == []
    with pytest.raises(RefError):
        t.compile("HEAD~2")
    assert texts(t) == ["one", "two"]


def test_a_name_steps_over_marks_where_a_unit_is_meant(t):
    unit = t.user("Hello")
    mark = t.annotate("HEAD", PINNED)
    t.annotate("HEAD", SKIP)
    assert t.log()[0][7] == "SKIP"
    assert t.edit("HEAD", "Hi").targets == (unit.hash,)
    with pytest.raises(RefError, match="MARK"):
        t.annotate(mark.hash, SKIP)
    with pytest.raises(RefError, match="MARK"):
        t.edit(mark.hash, "x")


def test_at_n_is_the_branch_before_its_nth_last_operation(t):
    t.user("one")
    t.user("two")
    t.user("three")
    assert texts(t, "HEAD@{0}") == ["one", "two", "three"]
    assert texts(t, "main@{1}") == ["one", "two"]
    assert texts(t, "@{2}") == ["one"]
    t.undo()
    assert texts(t, "@{1}") == ["one", "two", "three"]
    assert texts(t, "@{1}~1") == ["one", "two"]
    with pytest.raises(RefError):
        t.compile("@{4}")
    with pytest.raises(RefError):
        t.compile("@{9}")


def test_at_n_counts_only_what_moved_that_branch(t):
    t.user("one")
    t.branch("try")
    t.switch("try")
    t.user("two")
    t.switch("main")
    assert texts(t, "try@{1}") == ["one"]
    with pytest.raises(RefError):
        t.show("main@{1}")


NAMES = [
    *(
        "try",
        "try/shorter-prompt",
        "a.b",
        "v1.0",
        "ü",
        "日本",
        "a-",
        "#1",
        "a@b",
        "{x}",
        "a!b",
        "x.lockx",
        "a=b",
    ),
    *(
        "",
        "HEAD",
        "@",
        "a b",
        "-a",
        ".a",
        "a.",
        "a..b",
        "a/",
        "/a",
        "a//b",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a@{b",
    ),
    *("a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "a\tb", "a\x7fb", "a\nb", "a/b.lock", ".lock"),
]


@pytest.mark.parametrize("name", NAMES)
def test_branch_names_are_those_that_git_takes(name):
    if shutil.which("git") is None:
        pytest.skip("no git to compare with")
    git = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False)
    if git.returncode == 0 and name not in ("HEAD", "@"):
        check_name(name)
        return
    with pytest.raises(RefError) as caught:
        check_name(name)
    assert caught.value.hint


def test_operations_are_listed_newest_first(opened):
    tract = opened(actor="Ann")
    tract.user("Hello")
    tract.annotate("HEAD", PINNED, reason="law")
    tract.branch("try")
    tract.switch("try")
    frame = tract.operations().to_frame()
    assert list(frame.verb) == ["switch", "branch", "annotate", "commit"]
    assert set(frame.actor) == {"Ann"}
    assert frame.reason[2] == "law"
    assert frame.time.is_monotonic_decreasing
    assert len(tract.operations(2)) == 2


def test_each_verb_that_changes_something_is_one_operation(t):
    t.user("one")
    for verb in (
        lambda: t.user("two"),
        lambda: t.edit("HEAD", "2"),
        lambda: t.annotate(["HEAD", "HEAD~1"], SKIP),
        lambda: t.branch("try"),
        lambda: t.switch("try"),
        lambda: t.switch("main"),
        t.undo,
    ):
        before = len(t.operations())
        verb()
        assert len(t.operations()) == before + 1


def test_reading_writes_nothing(t):
    t.user("Hello")
    before = written(t)
    t.log(all=True)
    t.show("HEAD")
    t.status()
    t.branches()
    t.operations()
    t.tracts()
    t.budget()
    t.graph()
    t.compile(include_reasoning=True).to_anthropic()
    t.refresh()
    repr(t)
    t._repr_html_()
    assert written(t) == before
