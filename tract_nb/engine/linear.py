"""Linear order: the one order in which a history is read."""

from __future__ import annotations

from collections.abc import Sequence

from tract_nb.model.commit import Row


def linear(rows: Sequence[Row], head: int) -> list[Row]:
    """Return the history at ``head`` in linear order.

    linear(c) is linear(first parent), then what linear(second parent) has beyond it, then c.

    Parameters
    ----------
    rows : sequence of Row
        ``head`` and all behind it by rising number, as the store gives them.
    head : int
        The number of the commit to read at.
    """
    if all(row.parent2 is None for row in rows):
        return list(rows)  # one line: numbers rise along it
    by_number = {row.id: row for row in rows}
    ordered: list[Row] = []
    seen: set[int] = set()
    # each entry is a first-parent line still to be read, newest at its end
    stack = [_line(by_number, seen, head)]
    while stack:
        line = stack[-1]
        if not line:
            stack.pop()
            continue
        row = line[-1]
        if row.parent2 is not None and row.parent2 not in seen:
            # all behind the first parent stands by now: what the second adds comes next
            stack.append(_line(by_number, seen, row.parent2))
            continue
        ordered.append(line.pop())
    return ordered


def _line(by_number: dict[int, Row], seen: set[int], tip: int) -> list[Row]:
    """Return the unseen part of a first-parent line, its oldest at the end, and mark it seen."""
    line: list[Row] = []
    number: int | None = tip
    while number is not None and number not in seen:
        seen.add(number)
        line.append(by_number[number])
        number = line[-1].parent1
    return line
