"""Over-quota texts and delay stages."""

from __future__ import annotations

import re

import duckdb
import pytest

from logtune import schema
from logtune.postfix.delay_stages import DELAY_STAGES, stage
from logtune.postfix.quota import pattern

FULL = [
    "maildir delivery failed: Sorry, the user's maildir has overdrawn his diskspace quota, please try again later.",
    "maildir delivery failed: create maildir file /var/mail/ada/tmp/1.P1.mail.example.com: Disk quota exceeded",
    "host mail.example.com[private/dovecot-lmtp] said: 552 5.2.2 <ada@example.com> Quota exceeded (mailbox for user"
    " is full) (in reply to end of DATA command)",
    "permission denied. Command output: Quota exceeded (mailbox for user is full) ",
    "Recipient address rejected: Mailbox is full",
    "delivery failed to mailbox /var/spool/postfix/boxes/dora: error writing message: File too large",
    "cannot update mailbox /var/mail/proxy for user proxy. error writing message: File too large",
    "cannot update mailbox /var/mail/games for user games. unable to create lock file /var/mail/games.lock: Disk quota"
    " exceeded",
    "cannot append message to file /var/mail/archive: error writing message: File too large",
]
OTHER = [
    "maildir delivery failed: error writing message: No space left on device",
    "host mx.example.net[192.0.2.7] said: 550 5.1.1 <ada@example.com> User unknown (in reply to RCPT TO command)",
    "mail for example.com loops back to myself",
    "delivered to maildir",
    "This postbox has no room?",
]


def test_pattern_finds_full_mailboxes() -> None:
    """Every known wording is found, other failures are not."""
    found = re.compile(pattern())
    assert [text for text in FULL + OTHER if found.search(text)] == FULL


def test_pattern_takes_own_texts_literally() -> None:
    """Only * is special in a text of the site."""
    found = re.compile(pattern(["this postbox has no room?"]))
    assert found.search(OTHER[-1])
    assert not found.search("This postbox has no roo")


def test_pattern_means_the_same_to_duckdb() -> None:
    """The analyses match with RE2, whose syntax is narrower than Python's."""
    rows = duckdb.sql("SELECT unnest($1) AS text", params=[FULL + OTHER]).filter(
        f"regexp_matches(text, '{pattern(['*(full)? [a-z]+ {1} #&~-'])}')"
    )
    assert [text for (text,) in rows.fetchall()] == FULL


def test_delay_stages_are_columns_in_the_order_of_the_line() -> None:
    """delays=a/b/c/d."""
    columns = [column.name for column in schema.TABLES["deliveries"]]
    places = [columns.index(stage.column) for stage in DELAY_STAGES]
    assert [stage.letter for stage in DELAY_STAGES] == ["a", "b", "c", "d"]
    assert places == sorted(places)


def test_stage_by_letter() -> None:
    """A stage is found by its letter; there are four."""
    assert stage("c").name == "connection set-up"
    with pytest.raises(KeyError, match="e"):
        stage("e")
