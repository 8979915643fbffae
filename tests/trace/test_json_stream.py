"""A document read piece by piece: the pieces that plain json finds, wherever the blocks of the file end."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tract_nb.trace import json_stream
from tract_nb.trace.json_lines import LongLine, lines_of
from tract_nb.trace.json_stream import JSONError, Piece, Wanted, pieces

words = st.sampled_from(["a", "b", "c", 'quo"te', "back\\slash", "é\n", "]", "{[", ""])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)
wishes: st.SearchStrategy[Wanted | None] = st.recursive(
    st.none(), lambda inner: st.dictionaries(words | st.just("*"), inner, max_size=3), max_leaves=6
)


def plain(value: Any, wanted: Wanted | None, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Yield what is wanted of a parsed value."""
    if wanted is None:
        yield path, value
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        name = key if isinstance(key, str) and key in wanted else "*"
        if name in wanted:
            yield from plain(inner, wanted[name], (*path, key))


@given(
    value=values, wanted=wishes, block=st.sampled_from([1, 2, 3, 7, 50]), indent=st.sampled_from([None, 1])
)
def test_pieces_are_those_of_plain_json(
    value: Any, wanted: Wanted | None, block: int, indent: int | None
) -> None:
    data = json.dumps(value, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "BLOCK", block)
        found = list(pieces(io.BytesIO(data), wanted if wanted is not None else {"*": None}))
    assert [(piece.path, json.loads(piece.data or b"")) for piece in found] == list(
        plain(value, wanted if wanted is not None else {"*": None})
    )
    for piece in found:
        assert data[piece.offset :].startswith(piece.data or b"?")
        assert piece.line == 1 + data[: piece.offset].count(b"\n")


@given(
    value=st.lists(values, min_size=1) | st.dictionaries(words, values, min_size=1),
    cut=st.floats(0, 0.99),
    block=st.sampled_from([1, 3, 50]),
)
def test_what_is_cut_off_says_so_behind_its_whole_pieces(value: Any, cut: float, block: int) -> None:
    data = json.dumps(value).encode()
    whole = list(pieces(io.BytesIO(data), {"*": None}))
    found: list[Piece] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "BLOCK", block)
        source = pieces(io.BytesIO(data[: int(cut * len(data))]), {"*": None})
        with pytest.raises(JSONError):
            found.extend(source)
    assert found == whole[: len(found)]


NONE = (
    *(b"", b"  ", b"{", b"[1 2]", b'{"a" 1}', b"{1: 2}", b'{"a": }', b"[1}", b'{"a":1]', b'["x', b"[,]"),
    b'{"\n":1}',
)


@pytest.mark.parametrize("data", NONE)
def test_what_is_no_json_says_the_line(data: bytes) -> None:
    with pytest.raises(JSONError) as caught:
        list(pieces(io.BytesIO(b"\n\n" + data), {"*": None}))
    assert caught.value.line >= 3


@pytest.mark.parametrize("block", [1, 16, 1000])
def test_a_piece_that_is_too_large_is_stepped_over(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "BLOCK", block)
    data = json.dumps(["x" * 100, [1] * 100, {"a": "y" * 100}, "small"]).encode()
    found = list(pieces(io.BytesIO(data), {"*": None}, largest=50))
    assert [piece.data for piece in found] == [None, None, None, b'"small"']
    assert [piece.path for piece in found] == [(0,), (1,), (2,), (3,)]


def test_depth_is_no_matter() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    (piece,) = pieces(io.BytesIO(b'{"deep":' + deep + b',"a":1}'), {"a": None})
    assert piece.data == b"1"


@given(data=st.binary(max_size=60).map(lambda data: data.replace(b"x", b"\n")), longest=st.integers(1, 9))
def test_lines_are_whole_or_told_by_their_length(data: bytes, longest: int) -> None:
    told = [line.length if type(line) is LongLine else line for line in lines_of(io.BytesIO(data), longest)]
    assert told == [line if len(line) <= longest else len(line) for line in io.BytesIO(data)]
