"""Every verb has its rule in the machine: who adds one adds the other."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from tests.machine.joint_steps import JointSteps
from tests.machine.test_machine import LOW_LEVEL, OPERATIONS, RULES, World
from tract_nb import Tract, operations
from tract_nb.operations import reviewing

#: public methods that are no verb: they open, close or set up a handle
NO_VERBS = {"open", "on", "from_trace", "close", "register", "asking", "cancel", "llm_settings", "count"}
#: these call a model, or listen to calls of one; what they write then is a batch of commits
OF_A_MODEL = {"chat", "generate", "record", "sync"}


def public() -> dict[str, str]:
    """Return the source of every public method of Tract."""
    return {
        name: inspect.getsource(member)
        for name, member in inspect.getmembers(Tract, callable)
        if not name.startswith("_") and name != "listener"
    }


def test_every_verb_that_writes_or_moves_has_a_rule():
    only_reads = {name for name, source in public().items() if "self._reading(" in source}
    driven = {verb for verbs in RULES.values() for verb in verbs}
    assert set(public()) - only_reads - NO_VERBS - OF_A_MODEL == driven


def test_every_rule_is_one():
    for name in RULES:
        assert "@rule(" in inspect.getsource(getattr(World, name)), name
    source = inspect.getsource(World) + inspect.getsource(JointSteps)
    for verbs in RULES.values():
        for verb in verbs:
            assert re.search(rf"\bt(ract)?\.{verb}\(|\"{verb}\"", source), f"no rule calls {verb}"


def test_every_verb_of_the_operation_table_is_driven():
    folder = Path(inspect.getfile(operations)).parent
    # a batch, and a verb that may have to ask, name themselves
    written = {"batch", *reviewing.VERBS}
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        written |= set(re.findall(r"(?:transaction|_take_back)\(\s*\w+,\s*\"(\w+)\"", text))
    assert written == OPERATIONS
    assert not LOW_LEVEL & OPERATIONS, "a verb that exists is driven by its public method"
