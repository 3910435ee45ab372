#!/usr/bin/env python3
"""Make the sample logs with a real Postfix on loopback, and the truth about them without looking at the logs.

    python3 sample_logs/make_samples.py truth [NAME ...]     the small logs (all of them, or those named)
    python3 sample_logs/make_samples.py big [NAME ...]       helo_trial, helo_trial_iso, rotated, filter,
                                                             two_servers, full_mailboxes, full_storage
    python3 sample_logs/make_samples.py delays [NAME ...]    delays/: slow for one known reason each, in real time
    python3 sample_logs/make_samples.py busy                 busy.log.gz: more clients than processes, in real time
    python3 sample_logs/make_samples.py oracle               check the declared faults against enforcing Postfixes
    python3 sample_logs/make_samples.py readme               write README.md from what is there

Needs root, Debian packages postfix, faketime, openssl, and dnspython; full_mailboxes needs dovecot-lmtpd, full_storage
btrfs-progs, busy what the tests need. It runs in namespaces of its own: nothing is installed, no port of the machine is
used, nothing leaves loopback.
"""

import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from lab import namespace  # noqa: E402


def make_truth(laboratory, names: list[str]) -> None:
    from lab.cases import CASES
    from lab.laboratory import write, write_json

    folder = HERE / "truth"
    folder.mkdir(exist_ok=True)
    for name in names or CASES:
        setup, play = CASES[name]
        try:
            log, truth = laboratory.run(setup, play, setup.start)
        except Exception:  # the other cases are still worth having; the failure is shown
            traceback.print_exc()
            print(f"{name}: FAILED", flush=True)
            continue
        write(folder / f"{name}.log", log)
        write_json(folder / f"{name}.json", truth)
        print(f"{name}: {log.count(chr(10))} lines, {truth['totals']}", flush=True)


def main(arguments: list[str]) -> None:
    what = arguments[0] if arguments else "--help"
    if what == "readme":
        from lab.readme import make_readme

        return make_readme(HERE)
    if what == "busy":
        sys.path.insert(0, str(HERE.parent))
        from lab.busy import make_busy

        return make_busy(HERE)
    if what not in ("truth", "big", "delays", "oracle"):
        raise SystemExit(__doc__)
    namespace.enter(__file__, arguments)
    with tempfile.TemporaryDirectory(prefix="lab", ignore_cleanup_errors=True) as root:
        work(what, arguments[1:], Path(root))


def work(what: str, names: list[str], root: Path) -> None:
    from lab.laboratory import Laboratory

    laboratory = Laboratory(root)
    if what == "truth":
        make_truth(laboratory, names)
    elif what == "big":
        from lab.big import make_big

        make_big(HERE, names, laboratory)
    elif what == "delays":
        from lab.slow import make_slow

        make_slow(HERE, names, laboratory)
    else:
        from lab.oracle import consult

        raise SystemExit(0 if consult(laboratory, HERE) else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
