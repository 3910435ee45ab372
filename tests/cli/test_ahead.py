"""What is imported ahead, and signals that come meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import FrameType

import pytest

from logtune.cli.ahead import signals_held

IMPORTED = """
import sys
from logtune.cli.ahead import import_for_arrow
import pyarrow as pa, pyarrow.compute as pc
import_for_arrow()
before = set(sys.modules)
pa.array([1, None]), pc.shift_right(pa.array([1]), 1), pa.array(["a"]).to_pylist(), pa.array([1]).to_numpy()
print(sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_waits_until_it_is_heard(sent: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is raised where it would be dropped, and the handler is called once, afterwards."""
    told = []

    def note(number: int, _: FrameType | None) -> None:
        told.append(number)

    before = signal.signal(sent, note)
    try:
        with signals_held():
            os.kill(os.getpid(), sent)
            assert told == []
        assert told == [sent]
        assert signal.getsignal(sent) is note
    finally:
        signal.signal(sent, before)


def test_arrow_imports_nothing_later() -> None:
    """Its first values import modules, and what is raised then is lost; so they are imported before a log is read."""
    done = subprocess.run((sys.executable, "-c", IMPORTED), capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
