"""What the log tells the tuner beside the trial: whom permits let through, sessions without HELO, what fired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logtune import classify
from logtune.tables import Tables


@dataclass(frozen=True)
class Stopped:
    """An accepted recipient that a restriction on trial would stop. ``harm`` is a value of ``results.Harm``."""

    name: str
    service: str | None
    id: int
    client_name: str | None
    client_addr: str | None
    own: bool
    login: bool
    harm: str


@dataclass(frozen=True)
class Sessions:
    """Counts of sessions (``accepted_without_helo``: recipients, ``vrfy``: commands)."""

    counted: int
    without_helo: int
    accepted_without_helo: int
    vrfy: int
    vrfy_answered: int
    vrfy_clients: int


@dataclass(frozen=True)
class Seen:
    """What the log tells the tuner. ``fired`` has (service, name of a restriction that may have spoken)."""

    stopped: Sequence[Stopped]
    sessions: Sessions
    fired: frozenset[tuple[str | None, str]]

    @property
    def helo_always(self) -> bool:
        """Whether sessions were counted, and no recipient was accepted without a greeting."""
        return self.sessions.counted > 0 and self.sessions.accepted_without_helo == 0


def seen(tables: Tables) -> Seen:
    """Ask the log; the trial's tables ``flagged``, ``clients`` and ``evidence`` must be there (``Trial.of``)."""
    stopped = [Stopped(*row) for row in tables.rows("tune_stopped")]
    sessions = Sessions(*tables.rows("tune_sessions")[0])
    fired = {
        (service, name)
        for service, restriction, text, has_object, reply_class, _ in tables.rows("tune_fired")
        for name in _names(restriction, text, has_object, reply_class)
    }
    return Seen(stopped, sessions, frozenset(fired))


def _names(restriction: str | None, text: str | None, has_object: bool, reply_class: int | None) -> Sequence[str]:
    if restriction is not None:
        return (restriction,)
    return tuple(classify.explain("smtpd", text, has_object, reply_class).candidates)
