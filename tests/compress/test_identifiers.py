"""Identifiers are what a summary must say word by word; ordinary words are none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tract_nb.engine.identifiers import Identifier, compare, identifiers, missing


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("see https://example.org/a?b=1.", "url", "https://example.org/a?b=1"),
        ("open /home/mara/src/app.py:12, please", "path", "/home/mara/src/app.py"),
        ("in tests/test_app.py;", "path", "tests/test_app.py"),
        ("edit README.md now", "path", "README.md"),
        ("it took 12.5 ms", "number", "12.5 ms"),
        ("1,234 tokens were saved", "number", "1,234 tokens"),
        ("45 % of $3.50", "number", "45 %"),
        ("45 % of $3.50", "number", "$3.50"),
        ("on 2026-03-17 at noon", "number", "2026-03-17"),
        ("version v1.2.3 is out", "number", "v1.2.3"),
        ("call parse_hour() first", "name", "parse_hour"),
        ("the TideTable class", "name", "TideTable"),
        ("use getUser or my.module", "name", "getUser"),
        ("use getUser or my.module", "name", "my.module"),
        ("pass --no-cache", "name", "--no-cache"),
        ("at commit 7c6c739", "hash", "7c6c739"),
        ("KeyError: 'tide' in it\nnext", "error", "KeyError: 'tide' in it"),
        ("we decided on `make test`", "quote", "make test"),
        ('he said "never on friday"', "quote", "never on friday"),
    ],
)
def test_it_is_found(text, kind, said):
    assert Identifier(kind, said) in identifiers(text), identifiers(text)


@pytest.mark.parametrize(
    "text", ["and/or 24/7 1/2", "An ordinary sentence. It ends here.", "", "e.g. this", "42"]
)
def test_ordinary_words_are_none(text):
    assert identifiers(text) == {}


def test_what_stands_in_quotes_and_is_a_path_is_counted_once():
    assert identifiers('read "src/tide.py" and src/tide.py') == {Identifier("path", "src/tide.py"): 2}


def test_what_a_draft_no_longer_says_is_lost_with_where_it_was_first_said():
    found = compare(["one src/a.py", "two src/b.py and 5 MB", "src/b.py again"], "src/a.py has 15 MB")
    assert found.lost == {Identifier("path", "src/b.py"): (1, 2), Identifier("number", "5 MB"): (1, 1)}
    assert found.added == [Identifier("number", "15 MB")]


def test_a_path_within_a_longer_one_is_still_there():
    assert compare(["see app.py"], "see /home/mara/app.py").lost == {}


def test_what_must_survive_is_missed_once():
    texts = ["host-1 and host-2", "host-1"]
    assert missing([re.compile(r"host-\d")], texts, "host-2 only") == ["host-1"]


@given(st.lists(st.text(max_size=60), max_size=5))
def test_a_text_loses_nothing_against_itself(texts):
    found = compare(texts, "\n".join(texts))
    assert found.lost == {}
    assert found.added == []


@given(st.text())
def test_every_identifier_stands_in_its_text(text):
    for one, times in identifiers(text).items():
        assert one.text in text
        assert times > 0


def test_a_persons_words_in_quotes_are_no_addition_but_other_words_are():
    found = compare(["Start it in the background, and stop it after."], 'Mara: "Start it in the background".')
    assert found.added == []
    found = compare(["Start it in the background."], 'Mara: "Never start it at all, ever".')
    assert [one.text for one in found.added] == ["Never start it at all, ever"]
