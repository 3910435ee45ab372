"""README.md of the samples, from the files themselves: the numbers in it cannot drift."""

import gzip
import json
from pathlib import Path

from .laboratory import write

TEXTS = {
    "Helo command rejected: Invalid name": "reject_invalid_helo_hostname",
    "Helo command rejected: need fully-qualified hostname": "reject_non_fqdn_helo_hostname",
    "Helo command rejected: Host not found": "reject_unknown_helo_hostname",
    "Helo command rejected: invalid ip address": "(invalid ip address)",
}

ORIGINS = {
    "helo_trial": "real Postfix 3.7.11 on loopback, time by libfaketime; "
    "day of the month padded with a blank instead of postlogd's zero",
    "helo_trial_iso": "as helo_trial, a run of its own; the header rewritten to RFC 3339 (+01:00, "
    "invented microseconds in the order of the lines), the text untouched",
    "rotated": "as helo_trial, a run of its own, cut as logrotate does (`mail.log`, `.1`, `.2.gz` ..)",
    "filter": "as helo_trial, with a content filter behind the queue",
}

HEAD = """\
# Sample logs

Logs of a real Postfix 3.7.11 (Debian) that was visited by scripted clients, with the truth about them beside each.
Made by `make_samples.py` (see there how to make them again); this page is written by `make_samples.py readme`.

- Nothing in the text of a line was invented: Postfix wrote it. Time is libfaketime's: it runs normally within a session
  and jumps between sessions. Clients connect over 127.0.0.1 and bring their address in a PROXY header
  (`smtpd_upstream_proxy_protocol`), so that the log shows clients of the documentation networks; names come from a name
  server of the laboratory. Mailboxes (LMTP), other sites, passwords, greylisting and content filters are small
  programs. A few `master: warning: unix_trigger_event: read timeout` lines come from the jumps of the clock.
- **The truth is not taken from the log.** `outcome` is what the client was told, `fate` what mailboxes and other sites
  received or what `postqueue -j` still held at the end. `flagged` is declared per client, name and sender
  (`lab/world.py`, `lab/cases/`); `oracle.tsv` holds the answers of Postfixes that enforce one restriction each to
  every declared name and client; `truth/enforced_*` are the same clients with one restriction enforced.
  "Warning lines" below is the one column that counts the log (plain text search).
- A recipient is one RCPT TO of one mail in one session. `role` is `authorized` for logged-in users and own networks,
  `filter` for the content filter's re-injections, else `outside`. A refused probe counts as rejected. `recipient: null`
  stands for a mail whose MAIL FROM was refused. `unseen` marks recipients about whom Postfix writes nothing (after a
  DISCARD); they are in no count per restriction. `retry_key` names the tries of one mail. HELO and data-stage flags are
  the recipients', however many lines Postfix wrote about them. A `null` fate belongs to recipients that were not
  accepted. `expired` is a bounce after the time limit of the queue. A data-stage flag is not given to recipients that
  were refused at RCPT before. An alias with different fates behind it has `fates`.
"""


OTHERS = """
## Logs without a truth file

- `two_servers/`: mx1 and mx2 of one site on one morning. Seven of ten sessions come to mx1; from 10:10 to 11:10 it is
  out and mx2 has them all. What came when is in `lab/pair.py`.
- `full_mailboxes.log`: six ways to have no room, with a real Dovecot (LMTP that bounces, LMTP that puts off, LDA,
  quota-status with two texts) and an mbox file at its limit. How many mails did not fit is in `lab/mailboxes.py`.
- `full_storage.log`: storage that is full in three ways, with local(8) and virtual(8), as files and as maildirs: a
  quota of the file system (EDQUOT, a real one of btrfs), a full disk (ENOSPC) and Postfix's own size limits (EFBIG).
- `delays/`: slow for one known reason each (name server, remote site, filter before the queue, concurrency limit,
  disk); its own [README](delays/README.md) says how.
- `busy.log.gz`: five smtpd processes at most, and 2, then 12, then 3 clients at the same time, each of which keeps its
  session for a second: in between the limit is reached, and clients wait. It is the one log in real time of the day on
  which it was made, by `make_samples.py busy` (`lab/busy.py`).
"""


def make_readme(folder: Path) -> None:
    big = [
        ("helo_trial.log", "helo_trial.json", "helo_trial"),
        ("helo_trial_iso.log", "helo_trial_iso.json", "helo_trial_iso"),
        ("rotated/", "rotated/truth.json", "rotated"),
        ("filter.log", "filter.json", "filter"),
    ]
    text = HEAD + "\n## Big samples\n\n" + table([row(folder, *names) for names in big if (folder / names[1]).exists()])
    cases = sorted((folder / "truth").glob("*.json"))
    text += "\n## Small logs, one question each (`truth/`)\n\n" + table(
        [row(folder, f"truth/{path.stem}.log", f"truth/{path.name}", "") for path in cases]
    )
    text += OTHERS
    oracle = folder / "oracle.tsv"
    if oracle.exists():
        lines = oracle.read_text().splitlines()[1:]
        wrong = sum(line.startswith("WRONG") for line in lines)
        text += f"\n`oracle.tsv`: {len(lines)} questions to enforcing Postfixes, "
        text += f"{wrong} answered otherwise than declared.\n"
    write(folder / "README.md", text)


COLUMNS = (
    "file",
    "what and how made",
    "format",
    "period",
    "lines",
    "sessions",
    "mails accepted",
    "recipients",
    "warning lines",
    "flagged / of these accepted",
)


def table(rows: list[tuple]) -> str:
    head = "| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS) + "\n"
    return head + "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in one) + " |\n" for one in rows)


def row(folder: Path, log: str, truth_file: str, name: str) -> tuple:
    lines = read(folder / log).splitlines()
    truth = json.loads((folder / truth_file).read_text())
    totals = truth["totals"]
    outcomes = ", ".join(
        f"{totals['recipients_' + one]} {one}"
        for one in ("accepted", "rejected", "deferred", "abandoned", "probe")
        if totals["recipients_" + one]
    )
    flags = "<br>".join(
        f"{one} {counts['flagged']} / {counts['accepted']}" for one, counts in truth["restrictions"].items()
    )
    iso = lines[0][:4].isdigit()
    where = truth["description"] + (f" ({ORIGINS[name]})" if name else "")
    return (
        f"`{log}`",
        where,
        "RFC 3339" if iso else "Mon DD",
        f"{stamp(lines[0])} – {stamp(lines[-1])}",
        len(lines),
        totals["sessions"],
        totals["mails_accepted"],
        f"{totals['recipients']}: {outcomes}",
        warnings(lines),
        flags,
    )


def stamp(line: str) -> str:
    return line[:19] if line[:4].isdigit() else line[:15]


def warnings(lines: list[str]) -> str:
    found: dict[str, int] = {}
    for line in lines:
        if "reject_warning:" in line:
            name = next((name for text, name in TEXTS.items() if text in line), "(other)")
            found[name] = found.get(name, 0) + 1
    return "<br>".join(f"{name} {number}" for name, number in sorted(found.items())) or "none"


def read(path: Path) -> str:
    """A log, or a rotated set in the order of time."""
    if not path.is_dir():
        return path.read_text(errors="replace")
    ages = sorted(
        path.glob("mail.log*"),
        key=lambda one: int(one.name.split(".")[2]) if one.name.count(".") > 1 else 0,
        reverse=True,
    )
    return "".join(
        gzip.open(one, "rt", errors="replace").read() if one.suffix == ".gz" else one.read_text(errors="replace")
        for one in ages
    )
