"""What says that lines of a log are missing: notes of loggers, and connections and sessions that do not add up."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

LOSS_TRACE = 0.001
"""Lost lines up to one in a thousand are a trace: they cannot turn a verdict that asks for twenty recipients."""


@dataclass
class Losses:
    """Signs of loss in a log, or in some days of it."""

    notes: int = 0
    """Notes of journald and rsyslog about lines that they dropped."""
    lines: float = 0.0
    """Lines that these notes name."""
    unclosed: int = 0
    """Connects inside an open session of the same process."""
    uncounted: int = 0
    """Sessions that counted recipients which no line shows."""

    def count(self, notices: pa.RecordBatch) -> None:
        """Take the notes among the notices of a block."""
        import pyarrow.compute as pc

        kinds = notices.column("kind")
        if "log_loss" not in kinds.dictionary.to_pylist():
            return
        lost = notices.filter(pc.equal(kinds.cast(pa.string()), "log_loss"))
        self.notes += lost.num_rows
        self.lines += pc.sum(pc.fill_null(lost.column("value"), 1)).as_py() or 0

    def sentences(self) -> list[str]:
        """All of them in words."""
        told = []
        if noted := int(self.lines):
            told.append(f"{noted:,} lines were dropped by journald or rsyslog, as {self.notes:,} notes say")
        if self.unclosed:
            told.append(f"{_several(self.unclosed, 'connect')} inside an open session of the same process")
        if self.uncounted:
            told.append(f"{_several(self.uncounted, 'session')} counted recipients that no line shows")
        return told

    def more_than_a_trace(self, recognised: int) -> bool:
        """Whether they may turn an answer that rests on so many *recognised* lines."""
        return int(self.lines) + self.unclosed + self.uncounted > LOSS_TRACE * max(recognised, 1)


def _several(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
