"""Secrets: each kind is found, replaced once, and never told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tract_nb import trace

A40 = "abcdefghij0123456789ABCDEFGHIJ9876543210"
#: made up; put together here so that no scanner takes this file for a leak
SECRETS = {
    "aws-access-key": "AKIA" + "QWERTYUIOPASDFGH",
    "aws-secret-key": "aws_secret_access_key = " + A40,
    "github-token": "ghp_" + A40[:36],
    "gitlab-token": "glpat-" + A40[:20],
    "anthropic-key": "sk-ant-" + "api03-" + A40,
    "openai-key": "sk-" + "proj-" + A40,
    "slack-token": "xoxb-" + "123456789012-" + A40[:12],
    "slack-webhook": "https://hooks.slack.com/services/" + "T0000/B0000/" + A40[:24],
    "google-key": "AIza" + A40[:35],
    "stripe-key": "sk_live_" + A40[:24],
    "npm-token": "npm_" + A40[:36],
    "pypi-token": "pypi-AgE" + A40 + A40,
    "huggingface-token": "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "azure-key": "AccountKey=" + A40 + A40 + "abcdef" + "==",
    "sendgrid-key": "SG." + A40[:22] + "." + A40 + "abc",
    "telegram-token": "123456789:AA" + A40[:33],
    "digitalocean-token": "dop_v1_" + "0123456789abcdef" * 4,
    "linear-key": "lin_api_" + A40,
    "jwt": "eyJ" + A40 + ".eyJ" + A40 + "." + A40,
    "url-password": "postgres://tide:" + "s3cr3t-pw" + "@db.example.org/x",
    "bearer-token": "Authorization: Bearer " + A40,
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\n"
    + f"{A40}\n" * 3
    + "Zm9v\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("around", ["{}", 'export TOKEN="{}"', "see {}, then", "x={}\nnext", "'{}'"])
def test_each_kind(kind: str, around: str) -> None:
    text = around.format(SECRETS[kind])
    clean, findings = trace.redact(text)
    assert [finding.kind for finding in findings] == [kind]
    assert f"[secret: {kind}]" in clean
    assert A40[:12] not in clean
    assert "s3cr3t" not in clean
    assert trace.redact(clean) == (clean, ())
    assert A40[:12] not in repr(findings)


def test_what_stands_around_stays() -> None:
    text = f"psql postgres://tide:pa55word!@db/x && curl -H 'Authorization: Bearer {A40}'"
    clean, findings = trace.redact(text)
    assert clean == text.replace("pa55word!", "[secret: url-password]").replace(A40, "[secret: bearer-token]")
    assert [finding.start for finding in findings] == [text.index("pa55word!"), text.index(A40)]


def test_a_key_in_json_with_escaped_breaks() -> None:
    key = SECRETS["private-key"].replace("\n", "\\n")
    clean, _ = trace.redact('{"key": "' + key + '", "next": "a word of prose"}')
    assert clean.endswith('-----END RSA PRIVATE KEY-----", "next": "a word of prose"}')
    assert A40 not in clean


SHOWN: dict[str, Callable[[int, str], str]] = {
    "Read": lambda n, line: f"{n:6}→{line}",
    "cat -n": lambda n, line: f"{n:6}\t{line}",
    "tab": lambda n, line: f"{n}\t{line}",
    "colon": lambda n, line: f"{n}: {line}",
    "grep -n": lambda n, line: f"{n}:{line}",
    "grep of files": lambda n, line: f"certs/key.pem:{n}:{line}",
    "grep -A": lambda n, line: f"certs/key.pem-{n}-{line}",
    "less -N": lambda n, line: f"{n:6} {line}",
    "bar": lambda _, line: f"| {line}",
    "number and bar": lambda n, line: f"{n:4} | {line}",
    "quotation": lambda _, line: f"> {line}",
    "quoted numbers": lambda n, line: f"> {n}: {line}",
    "comment": lambda _, line: f"# {line}",
    "added": lambda _, line: f"+{line}",
    "removed": lambda _, line: f"-{line}",
}
BODY = [A40 + A40[:24]] * 3
KEYS = {
    "plain": ["-----BEGIN PRIVATE KEY-----", *BODY, "Zm9v", "-----END PRIVATE KEY-----"],
    "encrypted": [
        "-----BEGIN RSA PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0123456789ABCDEF",
        "", *BODY, "-----END RSA PRIVATE KEY-----",
    ],
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("style", SHOWN)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_key_as_a_tool_shows_it(key: str, style: str, ending: str) -> None:
    shown = ending.join(SHOWN[style](n, line) for n, line in enumerate(KEYS[key], 1))
    begin = shown.index("KEY-----") + 8
    cut = f"{shown[: begin + 20]}[... 1021 chars truncated ...]{shown[-150:]}"
    for text in (
        shown,
        json.dumps(shown),
        json.dumps(shown, ensure_ascii=False),
        json.dumps([json.dumps(shown)]),
        cut,
    ):
        clean, findings = trace.redact(text)
        assert [finding.kind for finding in findings] == ["private-key"]
        assert not [part for part in (A40[:9], A40[-9:], "Zm9v", "4,ENC") if part in clean], clean
        assert clean.rstrip('"]\\').endswith("PRIVATE KEY-----")
        assert trace.redact(clean) == (clean, ())
    half = trace.redact(shown[: begin + 150])[0]
    assert A40[:9] not in half


@pytest.mark.parametrize(
    "text",
    [
        "task-list sk-learn risk-free-return-of-investments ask-me-anything-about-it-all",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "http://localhost:8080/@scope https://user@example.org git@github.com:a/b.git",
        "postgres://tide:${PASSWORD}@db postgres://tide:<password>@db redis://x:***@db",
        "def test_api_key(): os.environ['AWS_SECRET_ACCESS_KEY']",
        "-----BEGIN PRIVATE KEY----- is what the file begins with, then -----END PRIVATE KEY-----",
        "Bearer of bad news and internationalization",
        "ghp_short npm_config_registry hf_hub_download eyJ AKIA AIza",
        "[secret: github-token] Bearer [secret: bearer-token]",
    ],
)
def test_what_is_none(text: str) -> None:
    assert trace.redact(text) == (text, ())


def test_nested_values() -> None:
    value = {
        "env": {"TOKEN": SECRETS["github-token"], "N": 5},
        "list": ["x", {"aws_secret_access_key": A40}],
        SECRETS["npm-token"]: None,
    }
    clean, findings = trace.redact_value(value)
    assert clean == {
        "env": {"TOKEN": "[secret: github-token]", "N": 5},
        "list": ["x", {"aws_secret_access_key": "[secret: aws-secret-key]"}],
        "[secret: npm-token]": None,
    }
    assert [(one.kind, one.where) for one in findings] == [
        ("github-token", "env.TOKEN"), ("aws-secret-key", "list[1].aws_secret_access_key"), ("npm-token", ""),
    ]  # fmt: skip
    assert trace.redact_value(clean) == (clean, ())
    untouched = {"a": ["b", 1, None, 2.5, True]}
    assert trace.redact_value(untouched)[0] is untouched


def test_no_text_takes_long() -> None:
    """Texts made to send a pattern back and forth; each would take minutes if one did."""
    for text in (
        "-----BEGIN PRIVATE KEY-----" + "\n" * 200_000,
        "-----BEGIN PRIVATE KEY-----" + "\nA: b, c" * 50_000,
        "://" * 100_000,
        "eyJ" + "a" * 200_000,
        "Bearer " + "a" * 200_000,
        "Bearer " * 50_000,
        "sk-proj-" * 50_000,
        "-----BEGIN PRIVATE KEY-----" * 20_000,
        "-----BEGIN PRIVATE KEY-----" + "\n 1: 2: 3: 4: " * 50_000,
        "-----BEGIN PRIVATE KEY-----" + "\n12345" * 100_000,
        "-----BEGIN PRIVATE KEY-----\n" + "a.b/" * 100_000,
        "-----BEGIN PRIVATE KEY-----\n" + "a" * 500_000,
        ("-----BEGIN PRIVATE KEY-----" + "\n" * 300) * 2_000,
    ):
        began = time.process_time()  # whatever else this machine does
        trace.redact(text)
        assert time.process_time() - began < 20, text[:30]


def test_real_traces_hold_few(traces) -> None:
    """No entropy rule, so no thousands of hits: what is found in half a megabyte fits on one line."""
    text = (traces / "code_trace" / "test-planner-subagent" / "code_trace.md").read_text()
    assert len(trace.redact(text)[1]) == 0
