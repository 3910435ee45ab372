"""The small logs by name: how a run is configured, and the play that its clients perform."""

from .. import world as w
from ..laboratory import Laboratory, Setup
from ..site_settings import BASE

CASES: dict[str, tuple] = {}


def case(description: str, settings: dict[str, str] | None = None, **more):
    """Register a play under its function's name."""

    def register(play):
        more.setdefault("trial", w.HELO_TRIO)
        CASES[play.__name__] = (Setup(description, BASE if settings is None else settings, **more), play)
        return play

    return register


def ordinary(
    lab: Laboratory, who: w.Host, *recipients: str, sender: str = "", helo: str | None = None, **more
) -> list[dict]:
    """A session with one mail."""
    session = lab.connect(who)
    session.greet(helo)
    records = session.mail(
        sender or f"office@{who.domain}",
        [f"{one}@corbel.example" if "@" not in one else one for one in recipients or ("anna",)],
        **more,
    )
    session.quit()
    lab.pause(7)
    return records
