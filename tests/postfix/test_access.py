"""Access tables and restriction lists against what a real Postfix said (access_truth.jsonl, see make_access_truth.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtune.postfix import access, evaluate, restrictions
from logtune.postfix.access import Action, Effect, TableError
from logtune.postfix.evaluate import Facts, ListError

TRUTH = [json.loads(line) for line in (Path(__file__).parent / "access_truth.jsonl").read_text("utf-8").splitlines()]
SOURCES = {line["table"]: line for line in TRUTH if "type" in line}
OWN = re.compile(r"127\.|192\.0\.2\.(12[89]|1[3-9]\d|2\d\d)$")
"""mynetworks of the Postfix that was asked."""


def table(name: str) -> access.AccessTable:
    kind, text = SOURCES[name]["type"], SOURCES[name]["text"]
    # postmap reads a texthash with doubled keys, smtpd does not: a test of its own
    return access.parse_table(name, "hash" if kind == "texthash" else kind, text)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_lookups_are_those_of_postmap(name: str) -> None:
    """For every key a table says what ``postmap -q`` found; where it cannot, it says so and not something else."""
    opened = table(name)
    wrong, undecided, decided = [], 0, 0
    for line in TRUTH:
        if line.get("table") != name or "key" not in line:
            continue
        try:
            found = opened.lookup(line["key"])
        except access.Undecidable:
            undecided += 1
            continue
        decided += 1
        if found != line["value"]:
            wrong.append((line["key"], found, line["value"]))
    assert wrong == []
    assert (decided > 60 or name in ("actions", "ordered")) if name not in ("regexp", "pcre") else decided > 30


def replies() -> Iterator[dict[str, Any]]:
    return (line for line in TRUTH if "list" in line)


def said(line: dict[str, Any]) -> str:
    """The reply that logtune foretells, in smtpd's words; ``later`` for the list's closing defer."""
    try:
        steps = evaluate.parse_list(line["list"], table)
    except ListError as error:
        return str(error)
    facts = Facts(
        line["helo"], line["name"], line["addr"], own=bool(OWN.match(line["addr"])), reverse=line["name"] != "unknown"
    )
    course = evaluate.evaluate(steps, facts, line["parents"])
    first = next(iter(course.stops), None)
    if first is None:
        return "250"
    later = next((s for s in course.stops if s.name in ("defer", "reject")), None)
    if first.name.startswith("check_") and first.text.endswith(": if nothing else") and later:
        first = later  # DEFER_IF_PERMIT: a later reject wins
    return f"{first.code} {first.dsn} {first.text}"


def told(line: dict[str, Any]) -> str:
    """The reply of smtpd without the name it is about."""
    if line["reply"].startswith("250"):
        return "250"
    text = re.sub(r" (<\S+>|<>): ", " ", line["reply"], count=1)
    text = re.sub(r"Recipient address rejected: (Try again later|Access denied)$", r"\1", text)
    return re.sub(r", \[\S+\]$", "", text)


LIST_ERRORS = ("{ reject_non_fqdn_hostname }",)
"""Lists that Postfix starts with and then fails on: logtune says so at once."""
HISTORY = ("defer-reject.example",)
"""DEFER_IF_REJECT changes the code of a later reject, and nothing else."""


def test_smtpd_answers_the_same() -> None:
    """The reply of every list to every client is what a Postfix with that list said."""
    wrong = [
        (line, said(line))
        for line in replies()
        if not any(e in line["list"] for e in LIST_ERRORS) and line["helo"] not in HISTORY and said(line) != told(line)
    ]
    assert wrong == []
    assert sum(1 for _ in replies()) > 150


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("OK", Action(Effect.PERMIT)),
        ("550", Action(Effect.PERMIT)),
        ("REJECT", Action(Effect.REJECT, 554, "5.7.1", "Access denied")),
        ("DEFER_IF_PERMIT 4.2.9 wait", Action(Effect.DEFER_IF_PERMIT, 450, "4.2.9", "wait")),
        ("450 4.1.1 later", Action(Effect.REJECT, 450, "4.0.0", "later")),
        ("dunno", Action(Effect.DUNNO)),
        ("reject_invalid_helo_hostname", Action(Effect.RESTRICTIONS, text="reject_invalid_helo_hostname")),
    ],
)
def test_results(value: str, expected: Action) -> None:
    """A result is read as access(5) has it; a reply code alone is a number, and numbers permit."""
    assert access.action(value) == expected


def test_a_doubled_key_spoils_texthash_only() -> None:
    """smtpd does not open a texthash table with a doubled key; postmap takes the first and says so."""
    source = "a.example OK\nA.example REJECT\n"
    with pytest.raises(TableError, match=r"^texthash:t: key a\.example stands twice"):
        access.parse_table("texthash:t", "texthash", source)
    opened = access.parse_table("hash:t", "hash", source)
    assert (opened.lookup("a.example"), opened.notes) == (
        "OK",
        ("hash:t: key a.example stands twice; Postfix takes the first.",),
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mysql:/etc/postfix/helo.cf", "tables of type mysql are not read"),
        ("hash:/nowhere/helo", "the table's source cannot be read: No such file or directory"),
        ("helo", "tables of type helo are not read"),
    ],
)
def test_tables_that_cannot_be_read(name: str, says: str) -> None:
    """A table that is not there, or of a type that has no source text, is named with the reason."""
    with pytest.raises(TableError) as raised:
        access.open_table(name)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("reject_non_fqdn_helo_hostnam", "is no restriction of Postfix (is reject_non_fqdn_helo_hostname meant?)"),
        ("check_helo_access", "wants an argument, as in check_helo_access hash:/etc/postfix/helo_access"),
        ("warn_if_reject", "the list names no restriction"),
        (" , ", "the list names no restriction"),
    ],
)
def test_lists_that_cannot_be_read(text: str, says: str) -> None:
    """A list with a wrong word is an error that names the word and what is meant."""
    with pytest.raises(ListError) as raised:
        evaluate.parse_list(text)
    assert says in str(raised.value)


FRASIER = Facts("frasier", "mail.example.com", "192.0.2.7")
NO_HELO = Facts(None, "mail.example.com", "192.0.2.7")


@pytest.mark.parametrize(
    ("text", "facts", "stopped", "names"),
    [
        ("warn_if_reject reject_non_fqdn_hostname", FRASIER, True, ["reject_non_fqdn_helo_hostname"]),
        ("reject_non_fqdn_helo_hostname", NO_HELO, None, []),
        ("reject_unknown_sender_domain, reject_non_fqdn_helo_hostname", FRASIER, True, ["reject_non_fqdn_helo_hostname"]),
        ("check_policy_service unix:private/p, reject_non_fqdn_helo_hostname", FRASIER, None, ["reject_non_fqdn_helo_hostname"]),
        ("permit_tls_clientcerts, reject_unknown_helo_hostname", FRASIER, None, []),
        ("permit_mynetworks, reject_non_fqdn_helo_hostname", Facts("frasier", "unknown", "192.0.2.7", own=True), False, []),
        ("permit_sasl_authenticated reject", Facts(None, "unknown", "192.0.2.7", authenticated=True), False, []),
        ("reject_unknown_helo_hostname", Facts("192.0.2.7", "unknown", "192.0.2.7"), True, ["reject_unknown_helo_hostname"]),
        ("reject_unknown_reverse_client_hostname", Facts(None, "unknown", "192.0.2.7"), None, []),
    ],
)  # fmt: skip
def test_what_a_log_leaves_open(text: str, facts: Facts, stopped: bool | None, names: list[str]) -> None:
    """What cannot be told stays open, and what may permit makes every later reject unsure; a sure reject stays sure."""
    course = evaluate.evaluate(evaluate.parse_list(text), facts)
    assert (course.stopped, [stop.name for stop in course.stops]) == (stopped, names)


def test_only_the_first_gives_the_reply() -> None:
    """Of several that reject, the first speaks, unless something before it may have spoken."""
    two = evaluate.evaluate(evaluate.parse_list("reject_non_fqdn_helo_hostname, reject"), FRASIER)
    after = evaluate.evaluate(evaluate.parse_list("reject_unknown_sender_domain, reject"), FRASIER)
    assert ([s.first for s in two.stops], [s.first for s in after.stops]) == ([True, False], [False])


ODD_TEXT = st.text(alphabet=st.sampled_from('ab.1:/[]{}()!$\\|*+?^-,"# \t\nifendREJCTOK%ü\x00'), max_size=80)


@given(text=ODD_TEXT, key=ODD_TEXT, kind=st.sampled_from(["hash", "texthash", "cidr", "regexp", "pcre"]))
def test_any_table_can_be_read(text: str, key: str, kind: str) -> None:
    """Whatever a table's source holds, it is read or named as unreadable, and a lookup answers or says that it cannot."""
    try:
        opened = access.parse_table("t", kind, text)
        found = access.find_client(opened, key, key)
    except (TableError, access.Undecidable):
        return
    assert found is None or isinstance(access.action(found), Action)


@given(text=ODD_TEXT | st.lists(st.sampled_from(sorted(restrictions.catalogue().names))).map(", ".join))
def test_any_list_can_be_evaluated(text: str) -> None:
    """Whatever is given as a list, it is evaluated or named as no list; every known name of Postfix is taken."""
    try:
        steps = evaluate.parse_list(text, lambda name: access.parse_table(name, "hash", "a OK\n"))
    except ListError:
        return
    assert evaluate.evaluate(steps, FRASIER).stopped in (True, False, None)
