"""The strip as text and as plain HTML: for a terminal, and for a notebook that is only read."""

from __future__ import annotations

from collections.abc import Iterator

from tract_nb.model.advice import Advice
from tract_nb.model.commit import HASH_SHOWN, preview
from tract_nb.model.listing import counted
from tract_nb.view import figures, plain
from tract_nb.view.plain import Grid
from tract_nb.view.strip import LETTERS, Strip
from tract_nb.view.takers import Group, Takers

WIDTH = 72  # characters of the drawn strip
TEXT, GROUP = 46, 40  # characters of a unit's text, of a file's path
GROUPS = 6  # tools and files that are listed
EMPTY = (
    'Nothing is committed yet. Add a message with t.user("…") or load a session with %tract import --last.'
)


def as_text(strip: Strip, takers: Takers, advice: Advice | None = None) -> str:
    """Return the strip, what it is made of, what takes the room and what could be saved, as text."""
    if not strip.head:
        return EMPTY
    lines = [headline(strip), *_costs(strip), "", *drawn(strip), "", *by_role(strip).text()]
    lines += [said for said in (left_out(strip),) if said]
    for title, grid in tables(takers):
        lines += ["", title, *grid.text()]
    if advice is None:
        lines += [line for said in saving(takers) for line in ("", said)]
    else:
        lines += ["", "What compressing would save", *ways(advice).text(), *advice.says]
    return "\n".join(lines)


def as_html(strip: Strip, takers: Takers) -> str:
    """Return the same as HTML without style, script, SVG or ids."""
    if not strip.head:
        return plain.paragraph(EMPTY)
    parts = [plain.paragraph(line) for line in (headline(strip), *_costs(strip))]
    parts += [plain.block(drawn(strip)), by_role(strip).html()]
    parts += [plain.paragraph(said) for said in (left_out(strip),) if said]
    for title, grid in tables(takers):
        parts += [plain.paragraph(title), grid.html()]
    parts += [plain.paragraph(said) for said in (*saving(takers), "Run %tract context to work with it.")]
    return "\n".join(parts)


def headline(strip: Strip) -> str:
    """Return where it is of, and how full it is."""
    where = f"{strip.database}, {f'branch {strip.branch}' if strip.branch else 'detached'}"
    tokens = f"{strip.tokens:,}"
    if strip.max_tokens:
        tokens += f" of {strip.max_tokens:,} tokens ({100 * strip.tokens / strip.max_tokens:.0f} %)"
    else:
        tokens += " tokens"
    return f"{where}, HEAD {(strip.head or '')[:HASH_SHOWN]}: {tokens}, {strip.source}"


def _costs(strip: Strip) -> Iterator[str]:
    """Yield what the next calls cost, where that is known."""
    outlook = strip.outlook
    if outlook.next is None:
        return
    later = "" if outlook.later is None else f", then {figures.money(outlook.later)} a call"
    cached = f"; {figures.tokens(outlook.cached)} are cached" if outlook.cached else ""
    yield f"next call {figures.money(outlook.next)}{later}, {strip.model}{cached}"


def drawn(strip: Strip) -> list[str]:
    """Return the strip in one line of letters, what is cached above it, what the letters mean below."""
    counted_tokens = strip.unrecorded + sum(segment.tokens for segment in strip.segments)
    end = max(strip.max_tokens or 0, counted_tokens, 1)
    cells, at, roles = [], 0.0, []
    for role, tokens in (("░", strip.unrecorded), *((LETTERS[s.role], s.tokens) for s in strip.segments)):
        roles.append((at, at + tokens, role))
        at += tokens
    place = 0
    for column in range(WIDTH):
        low, high = end * column / WIDTH, end * (column + 1) / WIDTH
        weights: dict[str, float] = {}
        while place < len(roles) and roles[place][1] <= low:
            place += 1
        there = place
        while there < len(roles) and roles[there][0] < high:
            start, stop, role = roles[there]
            weights[role] = weights.get(role, 0) + min(stop, high) - max(start, low)
            there += 1
        free = high - low - sum(weights.values())
        best = max(weights, key=lambda role: weights[role], default="·")
        cells.append(best if weights and weights[best] >= free else "·")
    budget = "│ budget" if strip.max_tokens and counted_tokens <= strip.max_tokens else ""
    over = round(WIDTH * strip.max_tokens / end) if strip.max_tokens and not budget else None
    if over is not None and over < WIDTH:
        cells.insert(over, "│")
    known = {"░": "not recorded", "x": "summary", "s": "system", "u": "user", "a": "assistant", "t": "tool"}
    legend = [f"{letter} {name}" for letter, name in known.items() if letter in cells]
    legend += ["· free"] if "·" in cells else []
    legend += ["│ budget"] if over is not None else []
    cached = "═" * round(WIDTH * strip.outlook.cached / end)
    return [*([f"{cached} cached"] if cached else []), "".join(cells) + budget, "  ".join(legend)]


def by_role(strip: Strip) -> Grid:
    """Return what each role takes."""
    most = max([strip.unrecorded, *(tokens for _, tokens in strip.by_role().values())], default=0)
    rows = [
        (
            name,
            f"{units:,}" if units else "",
            figures.tokens(tokens),
            _share(tokens, strip),
            plain.bar(tokens, most),
        )
        for name, (units, tokens) in _roles(strip)
    ]
    return Grid(("role", ">units", ">tokens", ">share", ""), tuple(rows))


def _roles(strip: Strip) -> list[tuple[str, tuple[int, int]]]:
    roles = list(strip.by_role().items())
    return [*roles, ("not recorded", (0, strip.unrecorded))] if strip.unrecorded else roles


def _share(tokens: int, strip: Strip) -> str:
    return f"{100 * tokens / strip.tokens:.1f} %" if strip.tokens else ""


def left_out(strip: Strip) -> str:
    """Return what is recorded and not sent; empty where all is sent."""
    skipped, covered = strip.left("skipped"), strip.left("covered")
    said = [
        f"{figures.tokens(tokens)} {why} ({counted(units, 'unit')})"
        for why, (units, tokens) in (
            ("skipped", skipped),
            ("covered by summaries", covered),
            ("reasoning", (strip.thoughts, strip.thought_tokens)),
        )
        if units
    ]
    return f"left out: {', '.join(said)}" if said else ""


def tables(takers: Takers) -> Iterator[tuple[str, Grid]]:
    """Yield the largest units, tools and files, each with its title."""
    if takers.units:
        most = takers.units[0].tokens
        rows = tuple(
            (
                unit.commit[:HASH_SHOWN],
                preview(unit.who, 14),
                plain.cut(unit.preview, TEXT),
                str(unit.used),
                figures.tokens(unit.tokens),
                plain.bar(unit.tokens, most),
                figures.tokens(-unit.saved) if unit.saved else "",
            )
            for unit in takers.units
        )
        heads = ("commit", "who", "text", ">used later", ">tokens", "", ">if masked")
        yield (
            "The largest units; used later: how many of its names the user or the model says again",
            Grid(heads, rows),
        )
    if takers.tools:
        old = (takers.old,) if takers.old.saved else ()
        yield "Tools", _groups((*takers.tools[:GROUPS], *old), "tool")
    if takers.files:
        yield "Files", _groups(takers.files[:GROUPS], "file")


def saving(takers: Takers) -> Iterator[str]:
    """Yield what masks would save, which is known without reading every text, and who knows more."""
    if takers.old.saved:
        what = counted(len(takers.old.commits), "old output")
        yield f"Masking {what} would save {figures.tokens(takers.old.saved)} tokens; t.advice() says more."


def ways(advice: Advice) -> Grid:
    """Return what each way of compressing would save and cost."""
    rows = tuple(
        (
            f"{way.strategy} (estimate)" if way.estimate else way.strategy,
            f"{way.units:,}" if way.units else "",
            figures.tokens(way.tokens),
            figures.tokens(-way.saved) if way.saved else "",
            figures.tokens(way.cached) if way.cached else "",
            *("" if price is None else figures.money(price) for price in (way.next, way.later)),
            figures.money(way.making) if way.making else "",
        )
        for way in advice.ways
    )
    heads = ("strategy", ">units", ">tokens", ">saved", ">cached", ">next call", ">then", ">making it")
    return Grid(heads, rows)


def _groups(groups: tuple[Group, ...], head: str) -> Grid:
    most = max(group.tokens for group in groups)
    rows = tuple(
        (
            plain.cut(group.shown, GROUP),
            f"{group.calls:,}",
            figures.tokens(group.tokens),
            plain.bar(group.tokens, most),
            figures.tokens(-group.saved) if group.saved else "",
        )
        for group in groups
    )
    return Grid((head, ">calls", ">tokens", "", ">if masked"), rows)
