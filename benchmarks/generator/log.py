"""Lines in order of time: stories hand in lines ahead of time, and they leave when no earlier one can come any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

SECOND = 1_000_000
"""Times are whole microseconds since the begin of the log: sums of floats would not keep the order of lines."""

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOST = "mail"
ZONE = "+00:00"


class Log:
    """Lines that wait for their turn, how many there are, and what they tell (``truth``), counted as they are made."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.texts: list[str] = []
        self.truth: Counter[str] = Counter()
        self.done = 0

    @property
    def made(self) -> int:
        """Lines so far, those included that wait."""
        return self.done + len(self.times)

    def put(self, at: int, text: str) -> None:
        """One line, ``TAG[PID]: TEXT``, at *at*."""
        self.times.append(at)
        self.texts.append(text)

    def until(self, end: int | None) -> tuple[list[int], list[str]]:
        """Take out the lines before *end* (all of them without), in order; at the same time as they were handed in."""
        times = np.array(self.times, np.int64)
        order = np.argsort(times, kind="stable")
        count = len(order) if end is None else int(np.searchsorted(times[order], end))
        now, later = order[:count], order[count:].tolist()
        leaving = times[now].tolist(), [self.texts[i] for i in now.tolist()]
        self.times, self.texts = times[later].tolist(), [self.texts[i] for i in later]
        self.done += count
        return leaving


def classic(times: list[int], texts: list[str]) -> Iterator[str]:
    """``Mar  2 06:12:00 mail TEXT``, the stamp of syslogd (RFC 3164)."""
    return (f"{_classic(at // SECOND)}{text}\n" for at, text in zip(times, texts, strict=True))


def iso(times: list[int], texts: list[str]) -> Iterator[str]:
    """``2026-03-02T06:12:00.123456+00:00 mail TEXT``, the stamp of rsyslog (RFC 3339)."""
    pairs = zip(times, texts, strict=True)
    return (f"{_iso(at // SECOND)}{at % SECOND:06d}{ZONE} {HOST} {text}\n" for at, text in pairs)


@lru_cache(maxsize=64)
def _classic(second: int) -> str:
    moment = BEGIN + timedelta(seconds=second)
    return f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S} {HOST} "


@lru_cache(maxsize=64)
def _iso(second: int) -> str:
    return f"{BEGIN + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}."
