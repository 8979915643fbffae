"""Settings: which of them count, where they come from, and that keys are shown nowhere."""

from __future__ import annotations

import pytest

from tract_nb.errors import TractError
from tract_nb.llm.secrets import Secret, scrub, scrubbed
from tract_nb.llm.settings import Layers

KEY = "sk-planted-0123456789abcdef"


def rows(layers: Layers, operation: str = "chat", **call: object) -> dict[str, tuple[str, str]]:
    return {name: (value, source) for name, value, source in layers.resolve(operation, call).table()}


def test_the_call_comes_before_the_operation_the_tract_and_the_environment(monkeypatch):
    for name in ("model", "temperature", "top_p", "seed"):
        monkeypatch.setenv(f"TRACT_NB_LLM_{name.upper()}", "1")
    layers = Layers.made(
        {"temperature": 2, "top_p": 2, "seed": 2}, {"merge": {"top_p": 3, "seed": 3}, "chat": {"seed": 9}}
    )
    assert rows(layers, "merge", seed=4) == {
        "model": ("1", "environment"),
        "temperature": ("2", "tract"),
        "top_p": ("3", "operation"),
        "seed": ("4", "call"),
        "timeout": ("120", "default"),
        "retries": ("2", "default"),
    }


def test_the_tracts_own_model_is_of_the_tract_and_none_says_nothing(monkeypatch):
    monkeypatch.setenv("TRACT_NB_LLM_MODEL", "from-outside")
    found = Layers.made({}, {"merge": {"model": "merger"}})
    assert found.resolve("chat", model="mine").model == "mine"
    assert found.resolve("chat", {"model": None}).model == "from-outside"
    assert found.resolve("merge", model="mine").model == "merger"


def test_variables_are_json_where_they_are_some(monkeypatch):
    monkeypatch.setenv("TRACT_NB_LLM_TEMPERATURE", "0.25")
    monkeypatch.setenv("TRACT_NB_LLM_STOP", '["END"]')
    monkeypatch.setenv("TRACT_NB_LLM_MODEL", "gpt-4o")
    monkeypatch.setenv("TRACT_NB_LLM_API_KEY", "0123456789")
    found = Layers().resolve("generate").values
    assert (found["temperature"], found["stop"], found["model"]) == (0.25, ["END"], "gpt-4o")
    assert isinstance(found["api_key"], Secret)


def test_a_summary_of_a_trace_has_a_model_of_its_own_until_one_is_named(monkeypatch):
    settings = Layers().resolve("summarize")
    assert (settings.model, settings.sources["model"]) == ("x-ai/grok-4.1-fast", "default")
    assert settings.values["timeout"] == 300
    assert "model" not in Layers().resolve("chat").values
    monkeypatch.setenv("TRACT_NB_LLM_MODEL", "m-environment")
    assert Layers().resolve("summarize").model == "m-environment"
    assert Layers().resolve("summarize", model="m-tract").model == "m-tract"


def test_no_model_says_where_to_name_one():
    with pytest.raises(TractError, match="No model is named") as found:
        Layers().resolve("chat").model  # noqa: B018  a property that raises
    assert "TRACT_NB_LLM_MODEL" in found.value.hint


@pytest.mark.parametrize("given", [{"stream": True}, {"messages": []}])
def test_what_tract_nb_says_itself_cannot_be_set(given):
    with pytest.raises(TractError, match="cannot be set"):
        Layers.made(given, None)
    with pytest.raises(TractError, match="cannot be set"):
        Layers().resolve("chat", given)


def test_an_operation_that_calls_no_model_is_refused():
    with pytest.raises(TractError, match="'rebase' is no operation") as found:
        Layers.made(None, {"rebase": {}})
    assert "merge" in found.value.hint


def test_a_key_is_in_no_repr_and_not_recorded():
    given = {
        "model": "gpt-4o",
        "temperature": 0.5,
        "api_key": KEY,
        "extra_headers": {"X-Auth": KEY},
        "aws_secret_access_key": KEY,
        "azure_ad_token": KEY,
        "api_base": f"https://me:{KEY}@host/v1",
        "max_tokens": 100,
        "extra_body": {"api_key": KEY, "top_k": 5},
    }
    layers = Layers.made(given, {"chat": {"api_key": KEY}})
    settings = layers.resolve("chat", {"vertex_credentials": KEY})
    shown = [
        *(repr(layers.tract), repr(layers.operations), repr(settings.values)),
        repr(layers),
        repr(settings),
        str(settings),
        repr(settings.table()),
        settings.table()._repr_html_(),
    ]
    assert [text for text in shown if KEY in text] == []
    assert str(settings.table().to_frame().to_dict()).count(KEY) == 0
    assert settings.recorded() == {
        "model": "gpt-4o",
        "temperature": 0.5,
        "max_tokens": 100,
        "extra_body": {"top_k": 5},
    }
    assert "".join(settings.values["api_key"]) == KEY  # it is there for the call


def test_scrubbing_takes_out_known_keys_and_what_looks_like_one():
    assert scrub(f"use {KEY}2 not {KEY}", {KEY, f"{KEY}2"}) == "use [key] not [key]"
    assert scrub("Bearer abcdefghij, sk-proj-****1234", ()) == "[key], [key]"
    assert scrub("risk-averse people ask for max_tokens", ()) == "risk-averse people ask for max_tokens"
    assert scrubbed({"a": [KEY, 1]}, {KEY}) == {"a": ["[key]", 1]}
