"""Predictions of a trial against what a real Postfix then does; how to run it is in docs/development.md.

A configuration is played twice with the same scripted clients: once with ``warn_if_reject`` in front of its
restrictions, once with each of them enforced. From the first log alone logtune says whom each one would stop; the second
run's SMTP replies say whom it stopped. Clients, name server and sink are the laboratory of the sample logs.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "sample_logs"))  # where the package `lab` is
