"""The identities of one log as its reader is to see them: as they were logged, or under pseudonyms."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from logtune.anonymize.rows import Anonymizer
from logtune.config import Known


class Identities:
    """Passes on what identifies somebody, by way of *anonymizer* where there is one."""

    def __init__(self, anonymizer: Anonymizer | None = None) -> None:
        self.anonymizer = anonymizer

    @property
    def level(self) -> str | None:
        """The level of anonymization (``Level``); None for none."""
        return str(self.anonymizer.level) if self.anonymizer else None

    def names(self, given: Sequence[str]) -> tuple[str, ...]:
        """Names of hosts."""
        return tuple(map(self.anonymizer.of.name, given)) if self.anonymizer else tuple(given)

    def mailboxes(self, given: Sequence[str]) -> tuple[str, ...]:
        """Addresses of mail."""
        return tuple(map(self.anonymizer.of.mailbox, given)) if self.anonymizer else tuple(given)

    def networks(self, given: Sequence[str]) -> tuple[str, ...]:
        """Networks in CIDR form."""
        return self.anonymizer.networks(given) if self.anonymizer else tuple(given)

    def known(self, clients: Known) -> Known:
        """Known clients."""
        return self.anonymizer.known(clients) if self.anonymizer else clients

    def rows(self, table: str, parsed: pa.RecordBatch, whole: pa.RecordBatch) -> pa.RecordBatch:
        """*whole*, rows of *table* as they will be stored; *parsed* has all columns of the same rows."""
        return self.anonymizer.batch(table, parsed, whole) if self.anonymizer else whole

    def source(self, name: str) -> str:
        """The name of a file."""
        return self.anonymizer.source(name) if self.anonymizer else name
