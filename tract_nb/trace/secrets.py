"""Likely secrets: found by the shapes their providers gave them, replaced by a word for their kind.

The patterns follow the rules of gitleaks (MIT; its rule ids stand beside them) and detect-secrets
(Apache-2.0; its plugins' names). Only anchored ones are here: each has a literal beginning that its
provider put there to be found, or a name right before it. Nothing is guessed from entropy, which on
an agent's trace finds hashes and ids by the ten thousand.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, NamedTuple

_END = r"(?![A-Za-z0-9_-])"
_TAB = r"(?:[ \t]|\\{1,4}t)"
_MARK = r"(?:→|\\{1,4}u2192|[:|│┃)\].>#*;+]|//|-(?!----END))"
#: how a tool that shows a file begins its lines: the file's name, the line's number, marks of a quotation
_LEAD = rf"(?>(?:(?:[\w.~/-]{{1,200}}[:-])?\d{{1,7}}(?:{_TAB}{{0,4}}{_MARK}|{_TAB})|{_MARK}){_TAB}*){{0,4}}"
_BREAK = rf"(?>(?:(?:\s|\\{{1,4}}[nrt])+{_LEAD})+)"  # in JSON, line breaks are escaped
_CUT = rf"\[\.{{3}} \d+ \w+ truncated \.{{3}}\]{_LEAD}"  # what writers of traces put for a text's middle
_BASE64 = r"[A-Za-z0-9+/=]"


#: how what stands for a secret begins
PLACEHOLDER = "[secret: "


class _Rule(NamedTuple):
    """How one kind of secret looks."""

    kind: str
    literals: tuple[str, ...]  # one of them is in every text that holds such a secret
    secret: str
    kept: str = ""  # what stands right before it, and stays


_RULES = (
    # gitleaks private-key; detect-secrets PrivateKeyDetector
    _Rule(
        "private-key",
        ("PRIVATE KEY",),
        rf"(?>{_BREAK}[A-Za-z-]+: [\w, -]+)*"
        rf"(?:(?:{_BREAK})?(?>[\w+/=,: -]{{0,80}}){_CUT}{_BASE64}*|{_BREAK}{_BASE64}{{16,}})+"
        rf"(?:{_BREAK}{_BASE64}+(?={_BREAK}-----END|\s*\Z))?",
        r"-----BEGIN(?: [A-Z0-9]+){0,3} PRIVATE KEY(?: BLOCK)?-----",
    ),
    # gitleaks aws-access-token; detect-secrets AWSKeyDetector
    _Rule("aws-access-key", ("AKIA", "ASIA"), r"A[KS]IA[A-Z2-7]{16}\b"),
    # the secret half of AWSKeyDetector: 40 characters behind a name that says so
    _Rule(
        "aws-secret-key",
        ("cret_access_key", "cretAccessKey", "CRET_ACCESS_KEY"),
        r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
        r"(?i:secret_?access_?key)[\\\"']{0,3}\s{0,3}[:=]{1,2}\s{0,3}[\\\"']{0,3}",
    ),
    # gitleaks github-pat, github-oauth, github-app-token, github-refresh-token; GitHubTokenDetector
    _Rule(
        "github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), rf"\bgh[pousr]_[A-Za-z0-9]{{36,255}}{_END}"
    ),
    # gitleaks github-fine-grained-pat
    _Rule("github-token", ("github_pat_",), rf"\bgithub_pat_[A-Za-z0-9_]{{36,255}}{_END}"),
    # gitleaks gitlab-pat; GitLabTokenDetector
    _Rule("gitlab-token", ("glpat-",), rf"\bglpat-[A-Za-z0-9_-]{{20,64}}{_END}"),
    # gitleaks anthropic-api-key, anthropic-admin-api-key
    _Rule("anthropic-key", ("sk-ant-",), rf"\bsk-ant-[a-z0-9]{{2,12}}-[A-Za-z0-9_-]{{24,200}}{_END}"),
    # gitleaks openai-api-key; OpenAIDetector. The old form has letters and digits only.
    _Rule(
        "openai-key",
        ("sk-",),
        rf"\bsk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{{20,250}}|[A-Za-z0-9]{{32,64}}){_END}",
    ),
    # gitleaks slack-bot-token, slack-user-token, slack-app-token; SlackDetector
    _Rule("slack-token", ("xox", "xapp-"), rf"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{{16,250}}{_END}"),
    # gitleaks slack-webhook-url
    _Rule(
        "slack-webhook",
        ("hooks.slack.com/",),
        r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{24,80}",
    ),
    # gitleaks gcp-api-key
    _Rule("google-key", ("AIza",), rf"\bAIza[A-Za-z0-9_-]{{35}}{_END}"),
    # gitleaks stripe-access-token; StripeDetector
    _Rule("stripe-key", ("k_live_", "k_test_"), rf"\b[sr]k_(?:live|test)_[A-Za-z0-9]{{16,120}}{_END}"),
    # gitleaks npm-access-token; NpmDetector
    _Rule("npm-token", ("npm_",), rf"\bnpm_[A-Za-z0-9]{{36}}{_END}"),
    # gitleaks pypi-upload-token; PypiTokenDetector
    _Rule("pypi-token", ("pypi-AgE",), rf"\bpypi-AgE[A-Za-z0-9_-]{{50,1000}}{_END}"),
    # gitleaks huggingface-access-token
    _Rule("huggingface-token", ("hf_",), rf"\bhf_[A-Za-z]{{34,40}}{_END}"),
    # gitleaks azure-ad-client-secret; AzureStorageKeyDetector
    _Rule("azure-key", ("AccountKey=",), r"[A-Za-z0-9+/]{86}==", r"AccountKey="),
    _Rule("azure-key", ("Q~",), rf"(?<![\w~.-])[A-Za-z0-9_~.]{{3}}\dQ~[A-Za-z0-9_~.-]{{31,34}}{_END}"),
    # gitleaks sendgrid-api-token; SendGridDetector
    _Rule("sendgrid-key", ("SG.",), rf"\bSG\.[A-Za-z0-9_-]{{22}}\.[A-Za-z0-9_-]{{43}}{_END}"),
    # gitleaks telegram-bot-api-token; TelegramBotTokenDetector
    _Rule("telegram-token", (":AA",), rf"(?<![A-Za-z0-9])\d{{8,10}}:AA[A-Za-z0-9_-]{{33}}{_END}"),
    # gitleaks digitalocean-pat, linear-api-key
    _Rule("digitalocean-token", ("_v1_",), rf"\bdo[opr]_v1_[a-f0-9]{{64}}{_END}"),
    _Rule("linear-key", ("lin_api_",), rf"\blin_api_[A-Za-z0-9]{{40}}{_END}"),
    # gitleaks jwt; JwtTokenDetector
    _Rule("jwt", ("eyJ",), r"\beyJ[\w-]{14,}\.eyJ[\w-]{14,}\.[\w-]{10,}"),
    # detect-secrets BasicAuthDetector: the password in a URL, where it is no variable
    _Rule(
        "url-password",
        ("://",),
        r"[^\s:@/\"'`\\<>{}\[\]()$*]{3,128}(?=@[A-Za-z0-9\[])",
        r"://[A-Za-z0-9._%+-]{0,64}:",
    ),
    # gitleaks curl-auth-header: what follows the word, where it is no word itself
    _Rule(
        "bearer-token",
        ("earer ",),
        r"(?=[A-Za-z._~+/-]*\d)[A-Za-z0-9._~+/-]{20,4000}={0,2}",
        r"[Bb]earer {1,2}",
    ),
)


class Finding(NamedTuple):
    """A likely secret: of which kind and where it stood; never what it was."""

    kind: str
    start: int  # in characters, in the text as it was
    where: str = ""  # in a nested value, the keys that lead to the text


def redact(text: str) -> tuple[str, tuple[Finding, ...]]:
    """Replace likely secrets by placeholders such as ``[secret: github-token]``.

    Doing it twice changes nothing more.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    clean : str
        The text without them; the very same object where there are none.
    findings : tuple of Finding
        What was replaced, in the order of the text.
    """
    near = [rule for literal, rule in _LITERALS if literal in text]
    rules = tuple([rule for rule in dict.fromkeys(near) if _alone(rule).search(text)]) if near else ()
    if not rules:
        return text, ()
    findings: list[Finding] = []

    def placeholder(match: re.Match[str]) -> str:
        number = str(match.lastgroup)[1:]  # the outermost group, which ends last
        kind, kept = _RULES[int(number)].kind, match[f"kept{number}"]
        findings.append(Finding(kind, match.start() + len(kept)))
        return f"{kept}{PLACEHOLDER}{kind}]"

    clean = _combined(rules).sub(placeholder, text)
    return (clean, tuple(findings)) if findings else (text, ())


def redact_value(value: Any, where: str = "") -> tuple[Any, tuple[Finding, ...]]:
    """Do the same to every text of a nested value, as JSON gives it; keys are texts too.

    Parameters
    ----------
    value : Any
        Dicts, lists, texts, and whatever else, which stays as it is.
    where : str
        What the findings' places begin with.

    Returns
    -------
    clean : Any
        A copy where something was replaced; the very same object where there was nothing.
    findings : tuple of Finding
        With the keys that lead to each, like ``env.TOKEN`` or ``headers[2]``.
    """
    if isinstance(value, str):
        clean, findings = redact(value)
        return clean, tuple(finding._replace(where=where) for finding in findings)
    found: list[Finding] = []
    if isinstance(value, dict):
        pairs = {}
        for key, inner in value.items():
            name, in_key = redact_value(key, where) if isinstance(key, str) else (key, ())
            pairs[name], inside = _under_key(name, inner, f"{where}.{name}" if where else str(name))
            found += [*in_key, *inside]
        return (pairs, tuple(found)) if found else (value, ())
    if isinstance(value, list):
        items = []
        for index, inner in enumerate(value):
            item, inside = redact_value(inner, f"{where}[{index}]")
            items.append(item)
            found += inside
        return (items, tuple(found)) if found else (value, ())
    return value, ()


def _under_key(key: Any, value: Any, where: str) -> tuple[Any, tuple[Finding, ...]]:
    """Redact a value whose key may be the name that tells what it is."""
    if isinstance(key, str) and isinstance(value, str) and _SECRET_NAME.search(key):
        lead = f"{key}="
        clean, findings = redact(lead + value)
        if findings and clean.startswith(lead):
            return clean[len(lead) :], tuple(
                Finding(kind, start - len(lead), where) for kind, start, _ in findings
            )
    return redact_value(value, where)


_SECRET_NAME = re.compile(r"(?i)secret_?access_?key\Z|AccountKey\Z")
_LITERALS = tuple((literal, index) for index, rule in enumerate(_RULES) for literal in rule.literals)


@cache
def _alone(rule: int) -> re.Pattern[str]:
    """Return the pattern of one rule; alone it is quicker, for the regex engine sees how it begins."""
    return re.compile(_RULES[rule].kept + _RULES[rule].secret)


@lru_cache(maxsize=256)
def _combined(rules: tuple[int, ...]) -> re.Pattern[str]:
    """Return one pattern for some of the rules."""
    return re.compile(
        "|".join(
            f"(?P<r{index}>(?P<kept{index}>{_RULES[index].kept}){_RULES[index].secret})" for index in rules
        )
    )
