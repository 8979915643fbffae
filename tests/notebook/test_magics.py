"""Every command through ``%tract``: what it returns, and that it can be kept in a variable."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest

from tests.llm.fakes import Fake
from tests.notebook.helpers import Notebook
from tract_nb import Answer, CompiledContext, Kind, Priority, Tract, samples
from tract_nb.model.collection import Forgotten, Room
from tract_nb.model.commit import Commit
from tract_nb.model.compression import Compression
from tract_nb.model.difference import Diff
from tract_nb.model.event import Usage
from tract_nb.model.listing import Imported, Status
from tract_nb.model.provenance import Provenance
from tract_nb.model.review import Review
from tract_nb.notebook.commands import COMMANDS
from tract_nb.trace import Trace
from tract_nb.view.graph import Graph
from tract_nb.widgets.context import ContextWidget
from tract_nb.widgets.dag import DagWidget
from tract_nb.widgets.merge import MergeWidget

#: every command as a person calls it on the sample session, and the type of its value
CALLS = {
    "open": ("open", Tract),
    "use": ("use default", Tract),
    "demo": ("demo", Tract),
    "tracts": ("tracts", pd.DataFrame),
    "verify": ("verify", pd.DataFrame),
    "rescue": ("rescue $database", Path),
    "traces": ("traces .", pd.DataFrame),
    "trace": ("trace $sample", Trace),
    "scan": ("scan . --no-cache", pd.DataFrame),
    "train-data": ("train-data $training --no-summaries", pd.DataFrame),
    "import": ("import $sample", Imported),
    "user": ("user hello", Commit),
    "system": ("system be brief", Commit),
    "assistant": ("assistant at once", Commit),
    "edit": ("edit HEAD other words", Commit),
    "chat": ("chat hello", Answer),
    "generate": ("generate --temperature 0.5", Answer),
    "llm": ("llm merge", pd.DataFrame),
    "pin": ("pin HEAD", Commit),
    "skip": ("skip HEAD", Commit),
    "unpin": ("unpin $pinned", Commit),
    "restore": ("restore $summary", Commit),
    "log": ("log", pd.DataFrame),
    "show": ("show HEAD~2", Commit),
    "expand": ("expand $summary", pd.DataFrame),
    "status": ("status", Status),
    "budget": ("budget", pd.DataFrame),
    "dag": ("dag role:user", DagWidget),
    "context": ("context", ContextWidget),
    "compile": ("compile", CompiledContext),
    "export": ("export", str),
    "branch": ("branch topic", Status),
    "branches": ("branches", pd.DataFrame),
    "switch": ("switch main", Status),
    "undo": ("undo", pd.DataFrame),
    "redo": ("redo", pd.DataFrame),
    "checkout": ("checkout HEAD~1", Status),
    "reset": ("reset HEAD~1", Status),
    "tag": ("tag here", Commit),
    "tags": ("tags", pd.DataFrame),
    "diff": ("diff HEAD~2", Diff),
    "find": ("find tide", pd.DataFrame),
    "usage": ("usage $reported", Usage),
    "operations": ("operations", pd.DataFrame),
    "compress": ("compress --strategy mask --keep-last 2", Compression),
    "provenance": ("provenance $summary", Provenance),
    "gc": ("gc", pd.DataFrame),
    "forget": ("forget HEAD --reason secret --yes", Forgotten),
    "optimize": ("optimize", Room),
    "merge": ("merge side --strategy ours", Review),
    "rebase": ("rebase side --strategy theirs", Review),
    "pick": ("pick side", Review),
    "reorder": ("reorder $turned", Review),
    "pending": ("pending", pd.DataFrame),
    "review": ("review", MergeWidget),
    "choose": ("choose 0 theirs", Review),
    "settle": ("settle 0 both of it", Review),
    "ask": ("ask 0 both of it", Review),
    "approve": ("approve", Review),
    "reject": ("reject", Review),
}
DECIDING = {
    "pending",
    "review",
    "choose",
    "settle",
    "ask",
    "approve",
    "reject",
}  # on a review that is pending


@pytest.fixture
def on(demo: Notebook) -> Notebook:
    """The sample session, with the variables that the calls above name."""
    demo["sample"] = str(samples.path())
    demo["training"] = str(samples.training())
    log = demo["t"].log(kind="summary").to_frame()
    demo["summary"] = log.commit[0]
    demo["pinned"] = demo["t"].user("pinned", priority=Priority.PINNED).hash
    demo["t"].user("the last word")
    demo["t"].edit("HEAD", "the very last word")
    demo["t"].branch("side", at="HEAD~1")
    demo["t"].switch("side")
    demo["t"].edit("HEAD", "another last word")
    demo["t"].user("beside it")
    demo["t"].switch("main")
    shown = list(demo["t"].compile().commit_hashes)
    demo["turned"] = [*shown[:-2], shown[-1], shown[-2]]
    demo["t"].assistant("taken back")
    demo["t"].undo()
    demo["database"] = str(demo["t"].save_as("kept.db"))
    demo["t"]._llm = Fake("<merged>\nAt noon.\n</merged>")
    demo["t"]._ws.model = "gpt-4o"
    demo["reported"] = {"prompt_tokens": 100, "completion_tokens": 20}
    return demo


def test_every_command_is_called_in_these_tests():
    assert sorted(CALLS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", CALLS)
def test_a_command_returns_its_value_and_the_value_can_be_kept(on: Notebook, name: str):
    line, kind = CALLS[name]
    if name in DECIDING:
        on["t"].merge("side", strategy="ours", mode="collaborative")
    assert isinstance(on.value(f"%tract {line}"), kind)


@pytest.mark.parametrize("name", ["log", "status", "compile", "show"])
def test_a_value_can_be_assigned(on: Notebook, name: str):
    line, kind = CALLS[name]
    on.value(f"kept = %tract {line}")
    assert isinstance(on["kept"], kind)


def test_open_returns_the_tract_and_makes_it_current(nb: Notebook):
    nb.value("t = %tract open work.db")
    nb.value("%tract user hello")
    assert nb["t"].path.samefile("work.db")
    assert [message.text for message in nb["t"].compile().messages] == ["hello"]


def test_the_same_path_opens_the_same_context(nb: Notebook):
    nb.value("%tract open work.db")
    nb.value("%tract user hello")
    nb.value("t = %tract open work.db")
    assert [message.text for message in nb["t"].compile().messages] == ["hello"]


def test_open_new_starts_empty_and_says_where_the_old_file_is(nb: Notebook):
    nb.value("t = %tract open work.db")
    nb.value("%tract user hello")
    ran = nb.run("t = %tract open work.db --new")
    assert len(nb["t"].log()) == 0
    [line] = ran.lines
    aside = Path(line.split()[-1])
    assert aside.exists()
    assert [message.text for message in Tract.open(aside).compile().messages] == ["hello"]


def test_open_new_starts_empty_by_url_too(nb: Notebook):
    nb.value("%tract open work.db")
    nb.value("%tract user hello")
    nb.value("t = %tract open sqlite:///work.db --new")
    assert len(nb["t"].log()) == 0


def test_the_first_tract_that_python_opens_is_current(nb: Notebook):
    nb.value("from tract_nb import Tract\nt = Tract.open()\nt.user('from Python')\nother = Tract.open()")
    assert nb.value("%tract log").preview.tolist() == ["from Python"]


def test_without_a_tract_the_first_verb_opens_one_in_memory_and_says_so(nb: Notebook):
    ran = nb.run("%tract user hello")
    assert ran.error is None
    assert "memory" in ran.lines[0]
    assert nb.value("%tract log").preview.tolist() == ["hello"]


def test_use_takes_a_variable_by_its_name(nb: Notebook):
    nb.value("a = %tract open\nb = %tract open")
    nb.value("%tract use a")
    nb.value("%tract user for a")
    assert (len(nb["a"].log()), len(nb["b"].log())) == (1, 0)


def test_use_takes_a_variable_as_a_selection(nb: Notebook):
    nb.value("a = %tract open\nb = %tract open")
    assert nb.value("%tract use $a") is nb["a"]


def test_use_takes_a_tract_of_the_database(demo: Notebook):
    agent = demo.value("%tract tracts").tract[1]
    assert demo.value(f"%tract use {agent}").name == agent
    assert demo.value("%tract status").tract == agent


@pytest.mark.parametrize("place", ["-t {} log -n 1", "log -n 1 -t {}", "log --tract {} -n 1"])
def test_another_tract_is_meant_for_one_command_by_variable(nb: Notebook, place: str):
    nb.value("a = %tract open\na.user('in a')\nb = %tract open\nb.user('in b')")
    assert nb.value(f"%tract {place.format('a')}").preview.tolist() == ["in a"]
    assert nb.value("%tract log").preview.tolist() == ["in b"]


def test_another_tract_is_meant_for_one_command_by_its_own_name(demo: Notebook):
    agent = demo.value("%tract tracts").tract[1]
    assert demo.value(f"%tract status -t {agent}").tract == agent
    assert demo.value("%tract status").tract == "default"


def test_a_message_goes_to_another_tract_for_once(nb: Notebook):
    nb.value("a = %tract open\nb = %tract open")
    nb.value("%tract user hello -t a")
    nb.value("%%tract user -t a\nfrom a cell")
    assert [message.text for message in nb["a"].compile().messages] == ["hello", "from a cell"]
    assert len(nb["b"].log()) == 0


def test_the_other_tract_may_be_named_before_the_command_of_a_cell(nb: Notebook):
    nb.value("a = %tract open\nb = %tract open")
    nb.value("%%tract -t a user\nfrom a cell")
    assert [message.text for message in nb["a"].compile().messages] == ["from a cell"]


def test_demo_shows_the_sample_and_says_what_was_imported(nb: Notebook):
    ran = nb.run("%tract demo")
    assert ran.value.status().commits > 100
    assert "placeholders" in ran.printed


def test_traces_numbers_sessions_and_import_takes_the_number(nb: Notebook):
    listed = nb.value(f"%tract traces {samples.path().parent}")
    assert listed.n.tolist() == [1]
    assert listed.session.tolist() == [samples.SESSION]
    assert nb.value("%tract import 1").session == samples.SESSION


def test_import_last_takes_the_newest_that_was_listed(nb: Notebook):
    nb.value(f"%tract traces {samples.path().parent}")
    assert nb.value("%tract import --last").session == samples.SESSION


def test_importing_again_adds_nothing(demo: Notebook):
    before = demo.value("%tract status")
    again = demo.value(f"%tract import {samples.path()}")
    assert again.commits == 0
    assert again.known > 0
    assert demo.value("%tract status") == before


def test_import_replaces_secrets_unless_told_not_to(nb: Notebook):
    nb.value("a = %tract open")
    assert nb.value(f"%tract import {samples.path()}").secrets
    nb.value("b = %tract open")
    assert not nb.value(f"%tract import {samples.path()} --no-redact").secrets


def test_log_is_newest_first_and_takes_a_limit(demo: Notebook):
    whole = demo.value("%tract log")
    assert whole.time.is_monotonic_decreasing
    for few in ("log -n 3", "log -n 3;", "log --limit 3", "log --limit=3"):
        assert demo.value(f"x = %tract {few}\nx").equals(whole.head(3)), few


def test_log_tells_kinds_and_types_apart(demo: Notebook):
    demo.value("%tract pin HEAD")
    assert set(demo.value("%tract log --kind summary").kind) == {"summary"}
    assert set(demo.value("%tract log --type tool_io").type) == {"tool_io"}
    assert "mark" not in set(demo.value("%tract log").kind)
    assert "mark" in set(demo.value("%tract log --all").kind)
    assert len(demo.value("%tract log -a")) > len(demo.value("%tract log"))


def test_log_of_another_branch(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')\nt.branch('side')\nt.user('two')")
    assert nb.value("%tract log --branch side").preview.tolist() == ["one"]


def test_the_graph_has_a_line_for_each_commit(demo: Notebook):
    graph = demo.value("%tract log --graph -n 7")
    assert isinstance(graph, Graph)
    assert len(graph.lines) == 7
    assert "[HEAD]" in graph.lines[0]
    assert "[main]" in graph.lines[0]
    assert len(demo.value("%tract log -g").lines) == 50


def test_show_takes_every_kind_of_name(nb: Notebook):
    nb.value("t = %tract open\none = t.user('one')\ntwo = t.user('two')")
    for name in ("HEAD", "main", nb["two"].hash, nb["two"].short, nb["two"].hash[:6]):
        assert nb.value(f"%tract show {name}").hash == nb["two"].hash
    assert nb.value("%tract show HEAD~1").hash == nb["one"].hash
    assert nb.value("%tract show main@{1}").hash == nb["one"].hash


def test_budget_is_a_table_and_a_figure(demo: Notebook):
    table = demo.value("%tract budget --largest 3")
    assert table.by.tolist().count("unit") == 3
    figure = demo.value("%tract budget --plot")
    assert isinstance(figure, go.Figure)
    assert len(figure.data)


def test_the_advice_of_a_budget_is_selected_and_masked(demo: Notebook):
    advice = demo.value("advice = %tract budget --advice\nadvice")
    assert list(advice.ways.to_frame().strategy) == ["now", "mask", "structural", "summarize"]
    frame = demo.value("stale = advice.to_frame().query(\"reason == 'superseded'\")\nstale")
    assert len(frame) > 0
    done = demo.value("%tract compress $stale --strategy mask")
    assert done.saved == frame.saved.sum()


def test_budget_counts_against_the_budget_of_open(nb: Notebook):
    nb.value("t = %tract open --budget 1000\nt.user('some words')")
    total = nb.value("%tract budget").iloc[0]
    assert total.of_budget == pytest.approx(total.tokens / 10)
    assert nb.value("%tract budget --plot").layout.shapes


def test_compile_is_what_the_tract_compiles(demo: Notebook):
    assert demo.value("%tract compile").to_openai() == demo["t"].compile().to_openai()
    assert demo.value("%tract compile HEAD~5").head == demo["t"].show("HEAD~5").hash
    with_thoughts = demo.value("%tract compile --reasoning")
    assert len(with_thoughts) > len(demo.value("%tract compile"))


@pytest.mark.parametrize(
    ("option", "form"),
    [("", "to_openai"), ("--format anthropic", "to_anthropic"), ("--format dicts", "to_dicts")],
)
def test_export_is_json_that_a_provider_takes(nb: Notebook, option: str, form: str):
    nb.value("t = %tract open\nt.system('be brief')\nt.user('it\\'s {here}')")
    text = nb.value(f"%tract export {option}")
    assert json.loads(text) == getattr(nb["t"].compile(), form)()


def test_export_writes_a_file_and_never_over_another(nb: Notebook):
    nb.value("t = %tract open\nt.user('hello')")
    assert nb.value("%tract export --out out.json") == Path("out.json")
    assert json.loads(Path("out.json").read_text()) == nb["t"].compile().to_openai()
    assert "there already" in nb.error("%tract export --out out.json")[0]


def test_export_writes_a_file_for_another_tract(nb: Notebook):
    nb.value("a = %tract open\na.user('in a')\nb = %tract open")
    assert nb.value("%tract -t a export --out out.json") == Path("out.json")
    assert json.loads(Path("out.json").read_text()) == nb["a"].compile().to_openai()


def test_edit_pin_skip_and_unpin_change_what_compiles(nb: Notebook):
    nb.value("t = %tract open\none = t.user('one').hash\nt.user('two')")
    nb.value("%tract edit HEAD~1 first words")
    assert [message.text for message in nb["t"].compile().messages] == ["first words", "two"]
    nb.value("%%tract edit $one\n  first {words}")
    assert [message.text for message in nb["t"].compile().messages] == ["  first {words}", "two"]
    nb.value("%tract pin $one --reason matters")
    assert nb["t"].compile().messages[0].priority is Priority.PINNED
    nb.value("%tract skip $one")
    assert [message.text for message in nb["t"].compile().messages] == ["two"]
    nb.value("%tract unpin $one")
    assert len(nb["t"].compile()) == 2
    assert nb["t"].operations().to_frame().reason.dropna().tolist() == ["matters"]


def test_an_edit_of_nothing_new_and_a_pin_of_the_pinned_write_nothing(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')")
    nb.value("%tract pin HEAD")
    nb.value("%tract edit HEAD two")
    before = nb["t"].operations()
    nb.value("%tract pin HEAD")
    nb.value("%tract edit HEAD two")
    assert nb["t"].operations() == before


def test_a_branch_that_is_there_is_no_error_and_says_where_it_stands(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')")
    first = nb.value("%tract branch side")
    nb["t"].user("two")
    ran = nb.run("%tract branch side")
    assert ran.error is None
    assert "side" in ran.lines[0]
    assert first.head[:8] in ran.lines[0]
    assert nb["t"].log(branch="side")[0][0] == first.head[:12]


def test_a_branch_stands_where_it_is_told_and_head_stays(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')\nt.user('two')")
    assert nb.value("%tract branch side --at HEAD~1").branch == "main"
    assert nb.value("%tract switch side").branch == "side"
    assert nb.value("%tract log").preview.tolist() == ["one"]


def test_switch_goes_back_to_the_branch_before(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')\nt.branch('side')\nt.switch('side')")
    assert nb.value("%tract switch -").branch == "main"


def test_redo_takes_back_an_undo(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')\nt.user('two')")
    nb.value("%tract undo")
    nb.value("%tract redo")
    assert nb.value("%tract log").preview.tolist() == ["two", "one"]
    assert len(nb.error("%tract redo")) == 2


def test_reset_moves_the_branch_and_undo_brings_it_back(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')\nt.user('two')")
    nb.value("%tract reset HEAD~1")
    assert nb.value("%tract log").preview.tolist() == ["one"]
    nb.value("%tract undo")
    assert nb.value("%tract log").preview.tolist() == ["two", "one"]


def test_a_checked_out_commit_reads_and_a_write_says_how_to_branch(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')\nt.user('two')")
    nb.value("%tract checkout HEAD~1")
    assert nb.value("%tract log").preview.tolist() == ["one"]
    lines = nb.error("%tract user three")
    assert len(lines) == 2
    assert "branch" in lines[1]
    nb.value("%tract checkout main")
    assert len(nb.value("%tract log")) == 2


def test_a_tag_names_a_commit(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')\nt.user('two')")
    nb.value("%tract tag first HEAD~1")
    assert nb.value("%tract show first").text == "one"
    assert len(nb.value("%tract tags")) == 1


def test_find_looks_on_all_branches(nb: Notebook):
    nb.value("t = %tract open\nt.user('High water')\nt.branch('side')\nt.user('low WATER')\nt.user('else')")
    assert sorted(nb.value("%tract find water").preview) == ["High water", "low WATER"]
    assert nb.value("%tract find nothing").empty


def test_undo_takes_back_the_last_operation(nb: Notebook):
    nb.value("t = %tract open\nt.user('one')\nt.user('two')")
    assert len(nb.value("%tract undo")) == 1
    assert nb.value("%tract log").preview.tolist() == ["one"]
    assert nb.value("%tract operations -n 2").verb.tolist() == ["undo", "commit"]
    assert nb.value("%tract operations").undone.tolist()[:2] == [False, True]


def test_expand_lists_what_a_summary_stands_for(on: Notebook):
    covered = on.value("%tract expand $summary")
    assert len(covered) > 10
    assert covered.time.is_monotonic_increasing


def test_a_summary_is_a_commit_of_kind_summary(on: Notebook):
    assert on.value("%tract show $summary").kind is Kind.SUMMARY


def test_help_lists_every_command(nb: Notebook):
    for line in ("help", "", "--help", "-h"):
        text = repr(nb.value(f"%tract {line}"))
        assert all(f"\n  {name} " in text for name in COMMANDS), line


def test_help_is_plain_text(nb: Notebook):
    text = repr(nb.value("%tract help"))
    assert "\x1b" not in text
    assert not set(text) & set("╭╮╰╯│─")
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(nb: Notebook, name: str):
    text = repr(nb.value(f"%tract {name} --help"))
    assert text.startswith(f"%tract {name}")
    assert text == repr(nb.value(f"%tract {name} -h")) == repr(nb.value(f"%tract help {name}"))
    assert "\x1b" not in text
