"""Not understood: kinds of lines with a sample each, and reject texts without a name."""

from __future__ import annotations

from logtune.analyses.not_understood import not_understood
from logtune.results import Next, Note, Table
from tests.analyses.made_log import at, coverage, make, options_of


def test_kinds_with_samples() -> None:
    """Lines that differ in numbers and brackets only are one kind; other programs' lines are counted apart."""
    read = coverage(lines=100, recognised=90, unrecognised=10, not_postfix=7)
    log = make(
        read=read,
        unrecognised=[
            {
                "position": 5,
                "ts": at("02 10:00:00"),
                "daemon": "smtpd",
                "why": "no pattern",
                "text": "odd [192.0.2.1] took 11 s",
            },
            {
                "position": 9,
                "ts": at("02 10:00:00"),
                "daemon": "smtpd",
                "why": "no pattern",
                "text": "odd [192.0.2.7] took 2 s",
            },
            {"position": 7, "ts": None, "daemon": None, "why": "no syslog header", "text": "Mar  2 10:0"},
            {"position": 8, "ts": None, "daemon": None, "why": "not postfix", "text": None},
        ],
    )
    section = not_understood(log, options_of(log))
    assert section.counts == "3 of 93 Postfix lines"
    assert [i.rows for i in section.items if isinstance(i, Table)] == [
        [(2, "smtpd", "odd [192.0.2.1] took 11 s", "no pattern"), (1, "", "Mar  2 10:0", "no syslog header")]
    ]
    assert [i.text for i in section.items if isinstance(i, Note)] == ["7 lines of other programs were left aside."]
    assert section.next == (Next("logtune parse --table unrecognised", "the lines, with file and byte offset"),)


def test_texts_without_a_restriction() -> None:
    """A reject text that names no restriction is shown, so that the site can name it."""
    text = "Please come back in 5 minutes"
    row = {
        "position": 1,
        "ts": at("02 10:00:00"),
        "origin": "smtpd",
        "action": "reject",
        "reason": text,
        "reason_shape": text,
    }
    log = make(decisions=[{**row, "repeat": 213}])
    said = f'Rejects by a text that names no restriction: 213 lines: "{text}". Name it under [[texts]] in /etc/logtune.toml.'
    assert not_understood(log, options_of(log)).items == [Note("Every line of Postfix was understood."), Note(said)]
