"""A configuration from what postconf printed: ``postconf -n``, ``-P``, ``-M`` and ``-F``, in any files, in any order.

One file may hold several of them. Where two say the same thing, the later counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from logtune.postconf import main_cf, master_cf
from logtune.postconf.errors import PostconfError
from logtune.postconf.lines import Logical, logical_lines, read_text
from logtune.postconf.main_cf import Assignment
from logtune.postconf.master_cf import FIELDS, TYPES, Entry
from logtune.postconf.services import Configuration

# postconf -P: submission/inet/syslog_name = ..   postconf -F: smtp/inet/chroot = y
_OF_SERVICE = re.compile(rf"(\S+)/({'|'.join(TYPES)})/(\w+)\s*=(.*)", re.DOTALL)
_NOT_SAID = dict.fromkeys(FIELDS, "-")


@dataclass
class _Found:
    parameters: dict[str, Assignment] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)


def read_outputs(paths: Sequence[str]) -> Configuration:
    """The configuration that *paths* tell of together. Raises ``PostconfError``."""
    found = _Found()
    for path in paths:
        for line in logical_lines(read_text(path), path):
            _take(line, path, found)
    return _configuration(found, ", ".join(paths))


def _take(line: Logical, file: str, found: _Found) -> None:
    of_service = _OF_SERVICE.fullmatch(line.text.strip())
    if of_service:
        service, kind, name, value = of_service.groups()
        _take_of_service(found, service, kind, name, value.strip())
    elif re.match(r"\w+\s*=", line.text):
        assignment = main_cf.assignment(line, file)
        found.parameters[assignment.name] = assignment
    elif re.match(rf"\S+\s+({'|'.join(TYPES)})\s", line.text):
        entry = master_cf.entry(line, file)
        before = found.entries.get(entry.key)
        own = {**(before.overrides if before else {}), **entry.overrides}
        found.entries[entry.key] = replace(entry, overrides=own)
    else:
        begin = line.text.strip()[:40]
        raise PostconfError(
            f'is no output of postconf -n, -P, -M or -F: "{begin}".',
            "Save them on the mail server: (postconf -n; postconf -M) > postconf.txt",
            file=file,
            line=line.first + 1,
        )


def _take_of_service(found: _Found, service: str, kind: str, name: str, value: str) -> None:
    key = f"{service}/{kind}"
    entry = found.entries.get(key) or Entry({**_NOT_SAID, "service": service, "type": kind, "command": ""})
    if name in FIELDS:
        fields = {**entry.fields, name: value.split(" ", maxsplit=1)[0] if name == "command" else value}
        found.entries[key] = replace(entry, fields=fields)
    else:
        found.entries[key] = replace(entry, overrides={**entry.overrides, name: value})


def _configuration(found: _Found, source: str) -> Configuration:
    if not found.parameters and not found.entries:
        raise PostconfError("holds no setting.", "Save `postconf -n` and `postconf -M` there.", file=source)
    notes = []
    entries = [_with_command(entry) for entry in found.entries.values()]
    if not any(entry.daemon == "smtpd" for entry in entries):
        entries.append(Entry({**_NOT_SAID, "service": "smtp", "type": "inet", "command": "smtpd"}))
        notes.append("No service was given: one smtpd with main.cf's settings is assumed. Add `postconf -M`.")
    version = found.parameters.get("mail_version")
    return Configuration(
        found.parameters, entries, source, notes=tuple(notes), version=version.value if version else None
    )


def _with_command(entry: Entry) -> Entry:
    """``postconf -P`` alone does not name the command; a service with settings of smtpd runs smtpd."""
    if entry.fields["command"]:
        return entry
    smtpd = any(name.startswith("smtpd_") for name in entry.overrides)
    return replace(entry, fields={**entry.fields, "command": "smtpd" if smtpd else "?"})
