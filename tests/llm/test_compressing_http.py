"""compress(strategy="summarize", mode="autonomous") through the real litellm."""

from __future__ import annotations

import pytest

from tests.core.helpers import texts
from tests.llm.server import Script
from tract_nb import ModelError, Tract

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("litellm")]

LONG = "the tide table of the harbour is off by an hour in summer " * 12


@pytest.fixture
def t(config, llm, monkeypatch):
    monkeypatch.setattr(Tract, "first", None)
    model = config.pop("model")
    with Tract.open(model=model, llm=llm, llm_settings=config) as made:
        made.user(LONG)
        made.assistant(LONG)
        yield made


def test_a_summary_is_asked_for_written_and_kept_without_the_key(t, server):
    server.say(Script("Here you are:\n<summary>Summer is off by an hour.</summary>"))
    done = t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert texts(t) == ["Summer is off by an hour."]
    (seen,) = server.seen
    assert LONG in seen.messages[0]["content"]
    kept = t.show(done.groups[0].commit).metadata["compression"]
    assert kept["config"] == {"model": "openai/gpt-4o-mini"}
    assert kept["model"] == "gpt-4o-mini"
    assert kept["usage"]["cached_tokens"] == 8
    assert kept["cost"] > 0
    assert "sk-test" not in str(kept)


def test_a_provider_that_fails_changes_nothing(t, server):
    server.say(Script(status=500))
    with pytest.raises(ModelError):
        t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert texts(t) == [LONG, LONG]
    server.scripts.clear()
    server.say("I would rather not.")
    with pytest.raises(ModelError, match="did not answer in the form"):
        t.compress(strategy="summarize", mode="autonomous", keep_last=0)
    assert texts(t) == [LONG, LONG]
