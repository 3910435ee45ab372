"""A directory that holds what was read of a log for good: each line once, whatever happens to files and processes.

The road of a run of ``logtune ingest``, one file a step:

```
lock        one writer at a time
recognise   which file is it, and up to which byte is its content here already (texts reads it, trail remembers it)
ingest      parse, link, clock, classify what is new; a segment at a time
carried     the rows that later lines may still belong to: what the link pass starts from next time
parts       the rows as immutable Parquet files, by table, host and day
catalogue   one transaction of SQLite makes parts, positions and carried rows valid together
snapshot    what a reader sees: the parts of one generation, of the days and hosts asked for
stored_log  the same as the tables of a log
upkeep      info, prune, compact
migrate     stores of earlier versions
```

docs/store.md describes the directory; docs/decisions/0010 has the reasons.
"""

from __future__ import annotations

from logtune.store.errors import StoreBusy, StoreError, StoreWriteError

__all__ = ["StoreBusy", "StoreError", "StoreWriteError"]
