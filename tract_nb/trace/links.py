"""Which call started which subagent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from tract_nb.trace.gather import BLOCKS, STARTERS, Call, Gathered, Spoken, plain_answer
from tract_nb.trace.notes import AgentFacts, Notes

_SIGN = 100  # characters that two texts must share to be the same
_AGENT_ID = re.compile(r"agentId: ([\w-]+)")


class Link(NamedTuple):
    """What is known of a subagent from both sides."""

    type: str | None
    task: str | None
    call: str | None  # the id of the event that started it
    answer: str | None
    spoken: Spoken | None  # None where the trace holds nothing but the call


def link_agents(gathered: Gathered, notes: Notes) -> dict[str, Link]:
    """Find for every recorded subagent the call that started it.

    Told, in this order, by a record that names both; by the agent's id in the result; by the task,
    which is the call's prompt; by the description beside the agent's file; by its last words, which
    are the call's result.

    Parameters
    ----------
    gathered : Gathered
        All calls and agents.
    notes : Notes
        What the format knew besides.
    """
    agents = dict.fromkeys([*gathered.agents, *notes.spans])
    found: dict[str, Call] = {}
    by_call_id = {call.call_id: call for call in reversed(gathered.calls)}
    for agent in agents:
        told = by_call_id.get(notes.agents[agent].call_id) if agent in notes.agents else None
        if told is not None:
            found[agent] = told
    started = [call for call in gathered.calls if call.name in STARTERS]
    for of_agent, of_call in _SIGNS:
        taken = {id(call) for call in found.values()}
        free: dict[str, list[Call]] = {}
        for call in started:
            if id(call) not in taken and (sign := of_call(call)):
                free.setdefault(sign, []).append(call)
        for agent in agents:
            sign = of_agent(
                agent, notes.agents.get(agent) or AgentFacts(), gathered.agents.get(agent) or _SILENT
            )
            if agent not in found and sign and free.get(sign):
                found[agent] = free[sign].pop(0)
    return {
        agent: _link(notes.agents.get(agent), gathered.agents.get(agent), found.get(agent))
        for agent in agents
    }


def _link(facts: AgentFacts | None, spoken: Spoken | None, call: Call | None) -> Link:
    arguments = call.arguments if call is not None else {}
    task = (
        arguments.get("prompt") or (spoken.task if spoken else None) or (facts.description if facts else None)
    )
    kind = (facts.type if facts else None) or arguments.get("subagent_type")
    answer = spoken.answer if spoken is not None else None
    if answer is None and call is not None and call.answer is not None:
        answer = plain_answer(call.answer)
    began = call.event if call is not None else facts.event if facts is not None else None
    return Link(kind, task, began, answer, spoken)


def _result_id(call: Call) -> str | None:
    answer = call.answer or ""
    at = answer.rfind("agentId: ")
    named = _AGENT_ID.match(answer, at) if at >= 0 else None
    return named[1] if named else None


_SILENT = Spoken()

#: what an agent and the call that started it have in common: of the one, and of the other
_SIGNS: tuple[tuple[Callable[[str, AgentFacts, Spoken], str | None], Callable[[Call], str | None]], ...] = (
    (lambda agent, _facts, _spoken: agent, _result_id),
    (lambda _agent, _facts, spoken: (spoken.task or "").strip(), lambda call: _argument(call, "prompt")),
    (lambda _agent, facts, _spoken: facts.description, lambda call: _argument(call, "description")),
    (
        lambda _agent, _facts, spoken: _beginning(spoken.answer or ""),
        lambda call: _result_beginning(call.answer or ""),
    ),
)


def _beginning(text: str) -> str:
    """Return how a text begins when it is written as Python writes it."""
    return repr(text.strip()[:_SIGN])[1:-1].replace("\\'", "'")[:_SIGN]


def _result_beginning(text: str) -> str:
    """Return the same of a result, which may be a list of blocks in Python's writing; parsing it is slow."""
    if text.startswith(BLOCKS) and len(text) > 4 * _SIGN:
        return text[len(BLOCKS) + len(": '") :].lstrip("\\n ").replace("\\'", "'")[:_SIGN]
    return _beginning(plain_answer(text))


def _argument(call: Call, name: str) -> str:
    return str(call.arguments.get(name) or "").strip()
