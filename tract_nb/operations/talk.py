"""talk: what a model is sent, and its reply as commits; between the two nothing is locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.context import CompiledContext
from tract_nb.engine.resolve import Unit
from tract_nb.engine.tokens import ESTIMATE, context_size, message_size
from tract_nb.errors import BudgetError, ContentError, HeadMovedError, RefError, TractError
from tract_nb.model.commit import Commit, Priority, Row
from tract_nb.model.content import Content, Dialogue, Reasoning, ToolIO
from tract_nb.model.message import Message
from tract_nb.model.reply import Answer, Reply, ToolCall
from tract_nb.operations import compiling, edit, present
from tract_nb.operations.batch import batch
from tract_nb.operations.commit import accepted, commit
from tract_nb.operations.event_contents import storable
from tract_nb.operations.workspace import Workspace
from tract_nb.store.usage import put_usage, usage_of

REPLY, CALL, THOUGHT = "reply", "call", "reasoning"


@dataclass(frozen=True)
class Asked:
    """A call to make.

    Parameters
    ----------
    context : CompiledContext
        What is sent.
    branch, tip
        Where its reply belongs: the branch as it was looked at.
    question : Dialogue or None
        What the user says, to be committed with the reply; None where it is committed already.
    key : str or None
        What question and reply are known by.
    replaces : bool
        Whether both stand in this history with another text, and become edits in place.
    """

    context: CompiledContext
    branch: str
    tip: int
    question: Dialogue | None = None
    key: str | None = None
    replaces: bool = False


def refuse_inside(ws: Workspace) -> None:
    """Refuse to call a model where this thread holds the database, or has nowhere to put the reply."""
    with ws.db.hold():
        if ws.db.in_transaction():
            raise TractError(
                "A model is never called inside a batch: it would lock the database for so long.",
                "Call it first, and write what it said in the batch.",
            )
        if ws.branch is None:
            raise RefError(
                "HEAD is detached: a reply has no branch to stand on.",
                "Give it a branch first: t.branch('NAME'), then t.switch('NAME').",
            )
        if ws.db.read_only:
            ws.db.write()  # which says so


def ask(
    ws: Workspace, text: str | None = None, *, key: str | None = None, include_reasoning: bool = False
) -> Asked | Answer:
    """Return the call to make; or the answer, where this key has asked the same already.

    Parameters
    ----------
    text : str, optional
        What the user says; without it the context is sent as it is.
    key : str, optional
        A name of one's own for question and reply, as in ``commit``.
    include_reasoning : bool
        Send the model's own thoughts too.
    """
    context = compiling.compile_context(ws, include_reasoning=include_reasoning)
    tip = ws.tip()
    assert ws.branch is not None
    asked = Asked(context, ws.branch, tip, key=key)
    if text is None:
        if not context.messages:
            raise ContentError("There is nothing to send.", 'Commit something first: t.user("...").')
        return asked
    question, _ = accepted(ws, Dialogue(role="user", text=text))
    if not question.unit_text.strip():
        raise ContentError("The message is blank.", "Say something.")
    assert isinstance(question, Dialogue)
    asked = replace(asked, question=question)
    head = ws.row(tip) if tip else None
    earlier = edit.keyed(ws, head, key) if key is not None and head is not None else None
    if earlier is None or head is None or key is None:
        return replace(asked, context=_extended(ws, context, question.unit_text))
    unit, last = earlier
    if edit.content_of(ws, last).unit_text == question.unit_text:
        kept = answered(ws, head, key)
        # a question without its answer, which was taken back: it is there, and is asked
        return replace(asked, question=None) if kept is None else kept
    if _keyed(ws, head, f"{key}:{CALL}:0") is not None:
        raise ContentError(
            "The answer to the old question calls tools, so it cannot be edited in place.",
            "Ask anew, without the key (in a cell: --again).",
        )
    return replace(asked, context=_cut(ws, context, unit, question.unit_text), replaces=True)


def _extended(ws: Workspace, context: CompiledContext, text: str) -> CompiledContext:
    """Return a context with one more turn of the user's, which is not committed yet."""
    tokens = ws.count(text)
    said = Message("", "", "user", "dialogue", text, tokens, Priority.NORMAL)
    count = context.token_count + message_size(tokens) + (0 if context.messages else context_size(0))
    return replace(context, own_messages=(*context.messages, said), token_count=count)


def _cut(ws: Workspace, context: CompiledContext, unit: Unit, text: str) -> CompiledContext:
    """Return a context up to a question, with another text in its place."""
    identity = unit.identity.hex()
    messages = list(context.messages)
    place = next((place for place, said in enumerate(messages) if said.identity == identity), None)
    if place is None:
        raise ContentError(
            "The question that this one would replace is not sent any more: it was skipped or summarised.",
            "Ask anew, without the key (in a cell: --again).",
        )
    said = replace(messages[place], text=text, tokens=ws.count(text))
    sent = (*messages[:place], said)
    count = context_size(sum(message_size(message.tokens) for message in sent))
    source = ESTIMATE if ws.counter.name == ESTIMATE else "tiktoken"
    return replace(context, own_messages=sent, token_count=count, token_source=source)


def _keyed(ws: Workspace, head: Row, key: str) -> Unit | None:
    found = edit.keyed(ws, head, key)
    return found[0] if found else None


def answered(ws: Workspace, head: Row, key: str) -> Answer | None:
    """Return the answer that a key has in this history, as it reads now; None without one."""
    said = _keyed(ws, head, f"{key}:{REPLY}")
    called: list[Unit] = []
    while (unit := _keyed(ws, head, f"{key}:{CALL}:{len(called)}")) is not None:
        called.append(unit)
    units = [said, *called] if said else called
    if not units:
        return None
    ws.say(f"unchanged: {units[-1].row.hash.hex()[:8]} answers this already")
    kept = usage_of(ws.db, units[-1].row.id)
    commits = present.commits(ws, [unit.row for unit in units])
    return Answer(
        edit.text_at(ws, said) if said else "",
        tuple(commits),
        tuple(_called(one.content) for one in commits if isinstance(one.content, ToolIO)),
        kept.usage if kept else None,
        kept.cost if kept else None,
        kept.model if kept else None,
    )


def _called(content: ToolIO) -> ToolCall:
    given = content.arguments
    return ToolCall(content.call_id, content.name, {} if given is None else given)


def check_room(ws: Workspace, context: CompiledContext) -> None:
    """Hold what would be sent against the budget, before anything is paid for it.

    Where the budget warns, the reply's commit does so.

    Raises
    ------
    BudgetError
        If it is beyond and the budget says ``reject``.
    """
    if ws.budget is None or context.token_count <= ws.budget.max_tokens:
        return
    if callable(ws.budget.action):
        ws.budget.action(context.token_count, ws.budget.max_tokens)
    elif ws.budget.action == "reject":
        raise BudgetError(
            f"{context.token_count:,} tokens would be sent, of a budget of {ws.budget.max_tokens:,}. "
            "The model was not called.",
            "Skip or edit what takes the room (see budget), or raise the budget.",
        )


def keep(ws: Workspace, asked: Asked, reply: Reply, config: Mapping[str, Any]) -> tuple[Commit, ...]:
    """Commit a question and its reply, with what the reply was generated with and what it took.

    Raises
    ------
    TractError
        If it cannot be written, as where the branch moved meanwhile; the reply is on ``error.reply``.
    """
    verb = "generate" if asked.question is None else "chat"
    try:
        with batch(ws, verb, {"model": reply.model}):
            _same_place(ws, asked)
            commits = _write(ws, asked, reply, config)
    except TractError as error:
        error.reply = reply
        error.hint = f"{error.hint} The reply is on this error's .reply.".strip()
        raise
    return commits


def _same_place(ws: Workspace, asked: Asked) -> None:
    """Refuse where the context that was sent is not what the reply would stand behind."""
    if (ws.branch, ws.tip()) != (asked.branch, asked.tip):
        raise HeadMovedError(
            f"{asked.branch} moved while the model answered, or HEAD did. Nothing was written.",
            "Call t.refresh(), see what is new, and ask again or commit the reply yourself.",
        )
    ws.look()


def _write(ws: Workspace, asked: Asked, reply: Reply, config: Mapping[str, Any]) -> tuple[Commit, ...]:
    given: dict[str, Any] = {"generation_config": config, "metadata": how(reply)}
    rows: list[Row] = []
    commits: list[Commit] = []

    def put(content: Content, what: str | None, **more: Any) -> None:
        name = None if asked.key is None else ":".join([asked.key, *([what] if what else [])])
        rows.append(commit(ws, content, key=name, **more))
        commits.append(present.written(ws, rows[-1]))

    if asked.question is not None:
        put(asked.question, None)
    calls = 0
    for content in said(reply):
        if isinstance(content, ToolIO):
            put(content, f"{CALL}:{calls}", **given)
            calls += 1
        elif not isinstance(content, Reasoning):
            put(content, REPLY, **given)
        elif not asked.replaces:
            put(content, THOUGHT, **given)
    if reply.usage is not None:
        put_usage(ws.db, _reply_row(ws, rows[-1]).id, reply.usage, reply.model, reply.cost)
    return tuple(commits)


def said(reply: Reply) -> list[Content]:
    """Return what a reply says as contents: its thoughts, its text, its calls."""
    found: list[Content] = []
    if reply.reasoning.strip():
        found.append(Reasoning(text=clean_text(reply.reasoning)))
    if reply.text.strip():
        found.append(Dialogue(role="assistant", text=clean_text(reply.text)))
    return [*found, *(tool_io(call) for call in reply.tool_calls)]


def how(reply: Reply) -> dict[str, Any]:
    """Return what the commits of a reply keep of it in their metadata."""
    facts = {"model": reply.model, "finish": reply.finish, "id": reply.raw.get("id")}
    return {"reply": {name: value for name, value in facts.items() if value}}


def _reply_row(ws: Workspace, row: Row) -> Row:
    """Return the reply that a row is, or is an edit of: usage belongs to a reply."""
    unit = None if row.is_unit else ws.snapshot(ws.tip()).find(row.targets[0])
    return unit.row if unit else row


def tool_io(call: ToolCall) -> ToolIO:
    """Return a call as a content, with what JSON cannot hold as text."""
    return ToolIO(
        name=clean_text(call.name),
        direction="call",
        call_id=clean_text(call.id),
        arguments=storable(call.arguments),
    )


def answer(reply: Reply, commits: Sequence[Commit], warnings: tuple[str, ...]) -> Answer:
    """Return a reply that was committed."""
    return Answer(
        reply.text, tuple(commits), reply.tool_calls, reply.usage, reply.cost, reply.model, warnings
    )
