"""pickup: mail that was submitted with sendmail(1) (``src/pickup/pickup.c``).

4F2A91C0E: uid=1000 from=<jane>
4F2A91C0E: uid=1000 from=<jane> orig_id=3E1B80A11                               (requeued by postsuper -r)
"""

from __future__ import annotations

import re

from logtune.parse.families.common import INT64, integer
from logtune.parse.records import Queue, Record

_PICKUP = re.compile(r"uid=([0-9]+) from=<?(.*?)>?(?: orig_id=(\w+))?\Z", re.ASCII | re.DOTALL)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a pickup line without its queue id, or None."""
    m = _PICKUP.match(text)
    if m is None:
        return None
    return Queue("pickup", sender=m[2], orig_queue_id=m[3], uid=integer(m[1], INT64))
