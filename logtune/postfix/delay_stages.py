"""The four parts of ``delays=a/b/c/d``, and what makes each of them long.

Source: ``src/global/log_adhoc.c``; ``delay_logging_resolution_limit`` in postconf(5). Two significant digits; values
under 0.01 s are logged as 0.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DelayStage:
    """One part of a delivery's delay."""

    letter: str
    column: str
    """Column of ``deliveries``, in seconds."""
    name: str
    covers: str
    grows_with: tuple[str, ...]
    """What a long time there usually means."""
    caveat: str = ""


DELAY_STAGES = (
    DelayStage(
        "a",
        "delay_before_qmgr",
        "before the queue manager",
        "from the mail's first command to its place in the queue: reception, milters, before-queue filter",
        ("a slow client or a large mail", "milters and before-queue filters", "slow disk for the queue"),
        "a mail that a content filter re-injects starts anew",
    ),
    DelayStage(
        "b",
        "delay_in_qmgr",
        "in the queue manager",
        "waiting in the active queue for a delivery agent",
        ("a destination's concurrency limit", "a transport's process limit", "a full active queue"),
        "of deferred mail it includes all the waiting between attempts, so judge first attempts",
    ),
    DelayStage(
        "c",
        "delay_setup",
        "connection set-up",
        "DNS, connecting, greeting, TLS",
        ("slow DNS", "relays that do not answer", "relays that greet late", "no connection re-use"),
    ),
    DelayStage(
        "d",
        "delay_transmit",
        "transmission",
        "sending the mail and waiting for the answer to it",
        ("a slow link", "a relay or content filter that works on the mail before it answers", "slow mailbox storage"),
    ),
)
"""In the order of the line. Recipients of one SMTP transaction share the same four values."""


def stage(letter: str) -> DelayStage:
    """The stage called *letter*. Raises ``KeyError`` for any but a, b, c and d."""
    for found in DELAY_STAGES:
        if found.letter == letter:
            return found
    raise KeyError(letter)
