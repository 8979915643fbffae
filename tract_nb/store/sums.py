"""Checksums: of what no hash covers, kept with the row, so that a flipped byte shows."""

from __future__ import annotations

from typing import Any
from zlib import crc32


def row_sum(*values: object) -> int:
    """Return the CRC-32 of the values of a row, as SQLite gives them back, in the order of its columns."""
    return crc32(repr(values).encode())


def op_sum(number: int, operation: tuple[object, ...], moves: list[tuple[Any, ...]]) -> int:
    """Return the checksum of an operation with the refs that it moved.

    Parameters
    ----------
    number : int
        Its number; covered where nothing else names it, that is where it moved no ref, so that one with
        moves is written in one statement.
    operation : tuple
        Its other columns, but for the checksum.
    moves : list of tuple
        Tract, ref, old and new of each.
    """
    if len(moves) > 1:
        moves = sorted(moves, key=lambda move: repr(move[:2]))
    return row_sum(None if moves else number, operation, moves)
