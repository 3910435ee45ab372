"""What all tests stand on: one locale, whatever the machine's."""

from __future__ import annotations

import os

os.environ.pop("LC_ALL", None)
os.environ["LANG"] = "C.UTF-8"  # golden files hold the UTF-8 signs; a C locale would get the ASCII ones
