"""The compiled context: what a model is sent."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, takewhile
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from tract_nb.engine import providers
from tract_nb.engine.chunks import Chunk, read_all
from tract_nb.engine.chunks import Reader as BlobReader
from tract_nb.engine.pairing import Paired, pair
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import TractError
from tract_nb.model.budget import TokenBudget
from tract_nb.model.commit import HASH_SHOWN, HASH_TAKEN, from_us, preview
from tract_nb.model.content import ToolIO, from_payload
from tract_nb.model.message import Message
from tract_nb.model.price import Prices
from tract_nb.model.table import NO_MATHS, UTC, Code, Column, Table, cell_html, table_html

if TYPE_CHECKING:
    import pandas as pd


class ContextTable(Table):
    """A compiled context, one row a unit."""

    __slots__ = ()

    columns = (
        Column("commit", "str", "the first 12 digits of the unit's hash"),
        Column("role", "str", "system, user, assistant or tool"),
        Column("type", "str", "content type"),
        Column("name", "str", "the tool of a call or result, the person of a turn"),
        Column("tokens", "int64", "tokens of the text, without the chat format's overhead"),
        Column("priority", "str", "effective priority"),
        Column("time", UTC, "author time"),
        Column("text", "str", "effective text, as the model sees it"),
    )


class Reader(Protocol):
    """Reads what a context shows from the store, when it is looked at."""

    def payloads(self, groups: Sequence[Sequence[int]]) -> Sequence[Mapping[int, bytes]]: ...

    def configs(self, numbers: Iterable[int]) -> Mapping[int, Mapping[str, Any] | None]: ...

    def last_sent(self) -> Snapshot | None:
        """Return the history that the last reported call on this line was made with."""


class Messages(Sequence[Message]):
    """The messages of a context: a view that reads texts when they are looked at.

    A chunk of them where one is looked at, all in one query where all are.
    """

    __slots__ = ("_chunks", "_ends", "_made", "_read", "_reasoning")

    def __init__(self, chunks: tuple[Chunk, ...], read: BlobReader, *, reasoning: bool) -> None:
        self._chunks = chunks
        self._read = read
        self._reasoning = reasoning
        self._ends: list[int] | None = None  # of each chunk, how many messages there are up to its end
        self._made: dict[int, Message] = {}

    def _lengths(self) -> list[int]:
        if self._ends is None:
            self._ends = list(
                accumulate(len(chunk.shown(reasoning=self._reasoning)) for chunk in self._chunks)
            )
        return self._ends

    def units(self) -> Iterator[Unit]:
        """Return the units behind the messages; no text is read."""
        return chain.from_iterable(chunk.shown(reasoning=self._reasoning) for chunk in self._chunks)

    def __len__(self) -> int:
        return self._lengths()[-1] if self._chunks else 0

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            places = range(*index.indices(len(self)))
            if places:
                first, last = (bisect_right(self._lengths(), end(places)) for end in (min, max))
                read_all(self._chunks[first : last + 1], self._read)
            return [self[place] for place in places]
        place = range(len(self))[index]
        made = self._made.get(place)
        if made is None:
            ends = self._lengths()
            number = bisect_right(ends, place)
            chunk = self._chunks[number]
            inside = place - (ends[number - 1] if number else 0)
            unit = chunk.shown(reasoning=self._reasoning)[inside]
            made = self._made[place] = message(unit, chunk.payloads(self._read))
        return made

    def __iter__(self) -> Iterator[Message]:
        read_all(self._chunks, self._read)
        # no message is kept: all of a long context decoded would be held twice
        for chunk in self._chunks:
            payloads = chunk.payloads(self._read)
            yield from (message(unit, payloads) for unit in chunk.shown(reasoning=self._reasoning))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} messages>"


def message(unit: Unit, payloads: Mapping[int, bytes]) -> Message:
    """Return a unit as a message, with the text of its last edit."""
    row, text = unit.row, unit.text
    assert row.blob is not None
    assert text.blob is not None
    said = from_payload(orjson.loads(payloads[text.blob]))
    status, arguments = "success", None
    if isinstance(said, ToolIO):
        # how it went is what was recorded, whatever an edit says
        status = said.status if text is row else orjson.loads(payloads[row.blob]).get("status", status)
        arguments = said.arguments
    return Message(
        commit=row.hash.hex(),
        identity=unit.identity.hex(),
        role=row.role or "",
        type=row.type or "",
        text=said.unit_text,
        tokens=text.tokens,
        priority=unit.priority,
        name=row.name,
        call_id=row.call_id,
        call=unit.call.hex() if unit.call else None,
        arguments=arguments,
        status=status,
    )


@dataclass(frozen=True, repr=False, eq=False)
class CompiledContext:
    """What a model is sent at one commit; it never changes once returned.

    Parameters
    ----------
    head : str
        The commit's full hash; empty where nothing is committed.
    token_count : int
        Tokens of all of it, the chat format's overhead included.
    token_source : str
        ``tiktoken`` (counted), ``api`` (reported for just this context), ``api+estimate`` (reported
        for an earlier commit, what came since counted) or ``estimate`` (no encoding could be loaded).
    budget : TokenBudget or None
        The tract's.
    model : str or None
        The tract's, whose prices :meth:`cost` takes.
    snapshot, include_reasoning, reader, prices, history, own_messages
        What the rest is made from.
    """

    head: str
    token_count: int
    token_source: str
    budget: TokenBudget | None
    snapshot: Snapshot
    include_reasoning: bool
    reader: Reader
    model: str | None = None
    prices: Prices | None = None
    history: Snapshot | None = None  # all of it, where the snapshot is in an order of the caller's
    own_messages: tuple[Message, ...] | None = None  # what a compiler of the user's made of it

    @cached_property
    def messages(self) -> Sequence[Message]:
        """What is sent, in order."""
        return self._units if self.own_messages is None else self.own_messages

    @cached_property
    def _units(self) -> Messages:
        return Messages(self.snapshot.chunks, self.reader.payloads, reasoning=self.include_reasoning)

    @property
    def commit_hashes(self) -> tuple[str, ...]:
        """The full hashes of the messages' commits."""
        if self.own_messages is not None:
            return tuple(message.commit for message in self.own_messages)
        return tuple(unit.row.hash.hex() for unit in self._units.units())

    def load(self) -> None:
        """Read all that is read when it is looked at: for what may be rolled back."""
        read_all(self.snapshot.chunks, self.reader.payloads)
        assert len(self.generation_configs) == len(self.messages)

    @cached_property
    def generation_configs(self) -> tuple[Mapping[str, Any] | None, ...]:
        """The generation config of each message's commit; None where it has none."""
        numbers = {unit.row.hash.hex(): unit.row.id for unit in self._units.units()}
        found = self.reader.configs(numbers.values())
        return tuple(found.get(numbers.get(commit, 0)) for commit in self.commit_hashes)

    @cached_property
    def _paired(self) -> Paired:
        left_out = {
            unit.call.hex()
            for unit in (self.history or self.snapshot).units
            if unit.call is not None and not unit.shown
        }
        return pair(self.messages, left_out)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What had to be repaired so that a provider accepts the context."""
        return self._paired.warnings

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return plain dicts: role, content, and the calls and results of tools."""
        return providers.to_dicts(self._paired.turns)

    def to_openai(self) -> list[dict[str, Any]]:
        """Return the ``messages`` of an OpenAI chat completion; litellm takes the same."""
        return providers.to_openai(self._paired.turns)

    def to_anthropic(self, *, cache_control: bool = False) -> dict[str, Any]:
        """Return ``messages`` and, where there is one, ``system`` of an Anthropic request.

        Parameters
        ----------
        cache_control : bool
            Mark what the provider may keep: the system prompt, the prefix that this context shares
            with the last call reported on this branch, and its end for the next call.
        """
        if not cache_control:
            return providers.to_anthropic(self._paired.turns)
        return providers.to_anthropic(self._paired.turns, cached=self._cached())

    def _cached(self) -> frozenset[str]:
        """Return the commits of the prefix that this context shares with the last call reported."""
        sent = self.reader.last_sent()
        same = takewhile(
            lambda pair: (pair[0].row.hash, pair[0].text.hash) == (pair[1].row.hash, pair[1].text.hash),
            zip(self._units.units(), sent.shown if sent else (), strict=False),
        )
        return frozenset(unit.row.hash.hex() for unit, _ in same)

    def cost(self, model: str | None = None, *, cached_tokens: int = 0, output_tokens: int = 0) -> float:
        """Return what it costs to send this context, in US dollars, by litellm's own table.

        Parameters
        ----------
        model : str, optional
            Whose prices; the tract's model without one.
        cached_tokens : int
            How many of the tokens the provider has in its cache.
        output_tokens : int
            How long a reply to count in.

        Raises
        ------
        TractError
            If no price is known for the model.
        """
        name = model or self.model
        if name is None or self.prices is None:
            raise TractError(
                "No model is named.", "Give cost(model='gpt-4o'), or open the tract with model=..."
            )
        price = self.prices(name)
        fresh = max(self.token_count - cached_tokens, 0)
        return fresh * price.input + cached_tokens * price.cached + output_tokens * price.output

    def to_text(self) -> str:
        """Return the context as one text, a heading before each message."""
        return "\n\n".join(
            f"## {message.role}{f' {message.name}' if message.name else ''}\n{message.text}"
            for message in self.messages
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a unit: commit, role, type, name, tokens, priority, time, text."""
        times = {unit.row.hash.hex(): from_us(unit.row.author_us) for unit in self._units.units()}
        return ContextTable(
            tuple(
                (
                    message.commit[:HASH_TAKEN],
                    message.role,
                    message.type,
                    message.name,
                    message.tokens,
                    message.priority.name,
                    times.get(message.commit),
                    message.text,
                )
                for message in self.messages
            )
        ).to_frame()

    def __len__(self) -> int:
        return len(self.messages)

    def __repr__(self) -> str:
        return f"<CompiledContext of {len(self)} messages, {self.token_count:,} tokens ({self.token_source})>"

    def _repr_html_(self) -> str:
        shown = [
            (Code(message.commit[:HASH_SHOWN]), who(message), message.tokens, preview(message.text))
            for message in self.messages[-HTML_ROWS:]
        ]
        earlier = len(self) - HTML_ROWS
        more = f"<p>{earlier:,} earlier messages are not shown.</p>" if earlier > 0 else ""
        table = table_html(shown, ("commit", "who", "tokens", "text"))
        return f"<p{NO_MATHS}>{cell_html(repr(self)[1:-1])}</p>{more}{table}"


HTML_ROWS = 20


def who(message: Message) -> str:
    """Return who speaks: a role, or an arrow and a tool."""
    if message.is_call:
        return f"→ {message.name}"
    return f"← {message.name}" if message.is_result else message.role
