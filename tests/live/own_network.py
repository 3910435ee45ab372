"""A network of its own for what a test starts, with an address that is not loopback's.

master never says of a service on loopback alone that its process limit is reached (MASTER_FLAG_LOCAL_ONLY in
src/master/master_ent.c, master_avail.c), nor gives it a stress parameter. In a network namespace such an address can
be had without touching the machine's network.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
ADDRESS = f"198.51.100.{1 + os.getpid() % 250}"
"""Of this process: another one of the machine may have such a network at the same time, and ps shows all processes."""


@contextmanager
def own_network(address: str = ADDRESS) -> Iterator[str]:
    """Move this thread, and what it starts, into a new network with *address*; move it back at the end.

    Raises ``OSError`` where the kernel does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _checked(libc.unshare(CLONE_NEWNET))
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
            yield address
        finally:
            _checked(libc.setns(before, CLONE_NEWNET))
    finally:
        os.close(before)


def _checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), "network namespace: " + os.strerror(ctypes.get_errno()))
