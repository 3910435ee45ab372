"""The same log lines in the headers that other log programs give them. Only the header changes, never the text."""

import random
from datetime import datetime
from itertools import groupby

WINTER = "CET-1"  # TZ of a server in Berlin before the last Sunday in March


def moment_of(line: str, year: int) -> datetime:
    """The time stamp of a line of postlogd (`Mar 02 08:01:09`), in the server's own time."""
    return datetime.strptime(f"{year} {line[:15]}", "%Y %b %d %H:%M:%S")


def as_rsyslog_classic(log: str) -> str:
    """rsyslog pads the day with a blank, postlogd with a zero."""
    return "".join(line[:4] + (" " if line[4] == "0" else line[4]) + line[5:] for line in log.splitlines(keepends=True))


def as_rsyslog_iso(log: str, year: int, seed: int) -> str:
    """RFC 3339 with microseconds and a zone, of a server that runs in WINTER.

    The fractions are invented, in the order of the lines.
    """
    rng = random.Random(seed)
    out = []
    for stamp, group in groupby(log.splitlines(keepends=True), key=lambda line: line[:15]):
        lines = list(group)
        when = moment_of(stamp, year)
        for fraction, line in zip(sorted(rng.sample(range(1_000_000), len(lines))), lines, strict=True):
            out.append(f"{when:%Y-%m-%dT%H:%M:%S}.{fraction:06d}+01:00 {line[16:]}")
    return "".join(out)


def cut_in_a_session(log: str, cuts: list[str]) -> list[str]:
    """Parts of a log as logrotate leaves them: each cut falls behind the first `client=` line at or after a moment
    (`Dec 21 06:25`), so that a session and a mail lie on both sides. Moments in the order of the log."""
    lines = log.splitlines(keepends=True)
    parts, begin, cut = [], 0, iter(cuts)
    wanted = next(cut, None)
    reached = False
    for number, line in enumerate(lines):
        reached = reached or (wanted is not None and line.startswith(wanted[:6]) and line[7:12] >= wanted[7:12])
        if reached and ": client=" in line:
            parts.append("".join(lines[begin : number + 1]))
            begin, wanted, reached = number + 1, next(cut, None), False
    return [*parts, "".join(lines[begin:])]
