"""What the tests of the llm room share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests.llm.server import MODEL, ModelServer
from tract_nb.llm import background
from tract_nb.llm.client import LiteLLM


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model on loopback."""
    made = ModelServer()
    yield made
    made.close()


@pytest.fixture(scope="session", autouse=True)
def _connections() -> Iterator[None]:
    """Close what litellm keeps open, while warnings are still heard."""
    yield
    background.close()
    gc.collect()


@pytest.fixture
def config(server: ModelServer) -> dict[str, object]:
    """The settings of a call of that model."""
    return {
        "model": f"openai/{MODEL}",
        "api_base": server.base,
        "api_key": "sk-test-0123456789",
        "timeout": 20,
    }


@pytest.fixture
def waits() -> list[float]:
    """How long a client waited between its tries."""
    return []


@pytest.fixture
def llm(waits: list[float]) -> LiteLLM:
    """A client that does not really wait."""
    return LiteLLM(pause=waits.append)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting or key of the person who runs the tests."""
    import os

    for name in list(os.environ):
        if name.startswith("TRACT_NB_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
