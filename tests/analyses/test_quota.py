"""Mailboxes over quota, in a log of a real Postfix and Dovecot, and what a text alone cannot show."""

from __future__ import annotations

from pathlib import Path

from logtune.analyses.quota import quota, quota_findings
from logtune.api import MailLog, read
from logtune.results import Note, Table
from tests.lines import log_of

FULL = Path(__file__).parents[2] / "sample_logs" / "full_mailboxes.log"
STORAGE = FULL.parent / "full_storage.log"
TEXT = "maildir delivery failed: Sorry, the user's maildir has overdrawn his diskspace quota, please try again later."
BEGIN = "qmgr[3]: A1B2C3D4E5: from=<s@example.net>, size=900, nrcpt=1 (queue active)\n"
WAITS = f"virtual[4]: A1B2C3D4E5: to=<anna@example.com>, relay=virtual, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred ({TEXT})\n"  # fmt: skip
SENT = "virtual[4]: A1B2C3D4E5: to=<Anna@example.com>, relay=virtual, delay=9, delays=8/0/0/1, dsn=2.0.0, status=sent (delivered to maildir)\n"  # fmt: skip
REMOVED = "qmgr[3]: A1B2C3D4E5: removed\n"


def table(log: MailLog) -> Table | Note:
    item = quota(log.tables, log.options).items[0]
    assert isinstance(item, Table | Note)
    return item


def counts(log: MailLog) -> dict[str, tuple[int, ...]]:
    """Mailbox to rejected, bounced, waiting, later, senders."""
    found = table(log)
    assert isinstance(found, Table)
    return {row[0]: tuple(row[3:8]) for row in found.rows}


def test_real_postfix_and_dovecot() -> None:
    """LMTP that bounces, LMTP that puts off (tried twice), the LDA, an mbox limit, quota-status with two texts.

    The numbers are those of sample_logs/lab/mailboxes.py: two senders in turn, mailboxes of quota-status full from the start.
    """
    found = counts(read(FULL, year=2026, tz="UTC"))
    assert found == {
        "anna@corbel.example": (0, 3, 0, 0, 2),
        "bert@corbel.example": (0, 0, 2, 0, 2),
        "clara@corbel.example": (0, 2, 0, 0, 2),
        "dora@corbel.example": (0, 2, 0, 0, 2),
        "emil@corbel.example": (4, 0, 0, 0, 2),
        "faktura@corbel.example": (3, 0, 0, 0, 2),
    }


def test_first_and_last_hit() -> None:
    """A mail that waits is hit at each try: first is its first, last the last one of all."""
    found = table(read(FULL, year=2026, tz="UTC"))
    assert isinstance(found, Table)
    bert = next(row for row in found.rows if row[0] == "bert@corbel.example")
    assert [f"{moment:%H:%M}" for moment in bert[1:3]] == ["08:06", "09:21"]


def test_the_finding() -> None:
    """The report says it in one finding, with the worst mailboxes and what was said."""
    log = read(FULL, year=2026, tz="UTC")
    (finding,) = quota_findings(log.tables, log.options)
    assert finding.title == "6 mailboxes over quota"
    assert finding.detail == "since Mon 2 Mar 08:02, 2 mails waiting, 7 bounced, 7 rejected. The 5 worst:"
    assert finding.samples[0].endswith("4 tries: Recipient address rejected: Mailbox is full")


def test_what_became_of_a_mail_that_waited() -> None:
    """Deferred mail waits until its queue file is gone: then it came in later, or expired and was returned."""
    expired = "qmgr[3]: A1B2C3D4E5: from=<s@example.net>, status=expired, returned to sender\n"
    assert counts(log_of(BEGIN + WAITS)) == {"anna@example.com": (0, 0, 1, 0, 1)}
    assert counts(log_of(BEGIN + WAITS + SENT + REMOVED)) == {"anna@example.com": (0, 0, 0, 1, 1)}
    assert counts(log_of(BEGIN + WAITS + expired + REMOVED)) == {"anna@example.com": (0, 1, 0, 0, 1)}


def test_mailboxes_of_other_sites() -> None:
    """A delivery by smtp tells of another site's mailbox, unless the relay has a private address."""
    said = "said: 552 5.2.2 <anna@example.com> Quota exceeded (mailbox for user is full) (in reply to end of DATA command))"
    line = "smtp[4]: A1B2C3D4E5: to=<anna@example.com>, relay=mail.example.com[{0}]:25, delay=1, delays=0/0/0/1, dsn=5.2.2, status=bounced (host mail.example.com[{0}] "  # fmt: skip
    own, other = (log_of(BEGIN + line.format(addr) + said) for addr in ("192.168.3.4", "192.0.2.9"))
    assert counts(own) == {"anna@example.com": (0, 1, 0, 0, 1)}
    assert isinstance(table(other), Note)


def test_a_text_of_the_site(tmp_path: Path) -> None:
    """Texts of the configuration file count too."""
    (tmp_path / "logtune.toml").write_text('quota_texts = ["*Postfach voll*"]\n')
    lines = BEGIN + WAITS.replace(TEXT, "maildir delivery failed: Postfach voll, bitte anrufen")
    assert isinstance(table(log_of(lines)), Note)
    assert counts(log_of(lines, config_file=str(tmp_path / "logtune.toml"))) == {"anna@example.com": (0, 0, 1, 0, 1)}


def test_full_storage_of_a_real_postfix() -> None:
    """A quota of the file system and size limits fill a mailbox, by local and by virtual, as a file and as a maildir; a
    full disk is nobody's quota. Each mailbox gets three mails of sample_logs/lab/storage.py: what bounces of them.
    """
    found = counts(read(STORAGE, year=2026, tz="UTC"))
    assert {name.partition("@")[0]: row[1:4] for name, row in found.items()} == {
        "anna": (2, 0, 0), "bert": (3, 0, 0), "games": (2, 0, 0), "man": (3, 0, 0),
        "emil": (2, 0, 0), "proxy": (2, 0, 0), "archive": (2, 0, 0),
    }  # fmt: skip


def test_every_line_of_a_full_storage_is_understood() -> None:
    """No text of the file system's errors is lost: all that bounced is a full mailbox, all that waits a full disk."""
    log = read(STORAGE, year=2026, tz="UTC")
    rows = log.sql("SELECT status, regexp_extract(reason, '[A-Z][a-z ]+$') AS why, count(*) AS n FROM deliveries"
                   " WHERE daemon IN ('local', 'virtual') AND status <> 'sent' GROUP BY ALL ORDER BY ALL")  # fmt: skip
    assert [tuple(row) for row in rows.itertuples(index=False)] == [
        ("bounced", "Disk quota exceeded", 10),
        ("bounced", "File too large", 6),
        ("deferred", "No space left on device", 10),
    ]
