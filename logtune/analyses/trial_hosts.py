"""The trial of one host: the queries of the trial, on the lines and recipients of that host alone.

Whether mail is wanted is learnt from the mail of all hosts (``evidence``): what users write often leaves by another
host than the one that answers come in by. All else is the host's own: its warnings and rejects, its recipients, the
organisations that deliver to it, and the time that its log covers.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from logtune.analyses.common import ask, keep
from logtune.analyses.evidence import ALIKE
from logtune.tables import Tables, query

SEEN_ALONE = {
    "this_recipients": "SELECT id FROM memory.main.trial_host_of SEMI JOIN this_host USING (host)",
    "decisions": "FROM memory.main.trial_lines SEMI JOIN this_host USING (host)",
    "decision_kinds": "FROM memory.main.decision_kinds SEMI JOIN this_host USING (host)",
    "marked": "FROM memory.main.marked SEMI JOIN (FROM memory.main.trial_lines SEMI JOIN this_host USING (host)) l"
    " ON marked.line = l.position",
    "recipient_facts": "FROM memory.main.recipient_facts SEMI JOIN this_recipients USING (id)",
    "arrivals": "FROM memory.main.arrivals SEMI JOIN this_recipients USING (id)",
}
"""What stands before the tables of these names while one host is asked (``this_recipients``: those it accepted)."""


def rejecting(tables: Tables) -> dict[str, dict[tuple[str, str | None], int]]:
    """Hosts that take mail, each with the lines in which it really rejects, by restriction (or text) and service."""
    keep(tables, "trial_lines", "trial_lines")
    found: dict[str, dict[tuple[str, str | None], int]] = {}
    for host, name, service, rejects in ask(tables, "trial_taking"):
        found.setdefault(host, {}).update({(name, service): rejects} if name is not None else {})
    return found


def alone(tables: Tables, trial_name: str) -> Iterator[tuple[str, Tables]]:
    """Each host with a view of the log on which the queries of the trial see that host; *trial_name* is its macro.

    The tables of ``trial.prepare`` and ``trial_lines`` must be there.
    """
    keep(tables, "trial_host_of", "trial_host_of")
    clients = tables.con.sql("FROM clients").to_arrow_table()
    for host, first, last in ask(tables, "servers_covered"):
        twin = tables.of_host(host, first, last)
        twin.con.execute("CREATE TEMP MACRO " + trial_name)
        twin.con.register("clients", clients)
        twin.con.register("this_host", pa.table({"host": pa.array([host], pa.string())}))
        for name, rows in (*SEEN_ALONE.items(), ("alike", query(ALIKE))):
            twin.con.execute(f"CREATE TEMP VIEW {name} AS {rows}")
        yield host, twin
