"""What the last report said, in the file of ``--state`` or in the store. Read before the log, replaced behind it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from logtune.cli.errors import Failure
from logtune.cli.exit_codes import ExitCode
from logtune.cli.output import check_output, text_output
from logtune.cli.reading import store_failure

if TYPE_CHECKING:
    from logtune.analyses.state import State

NAMELESS = "report"
"""Name in a store of reports that were given none."""


class Memory(Protocol):
    """Where it is kept from report to report."""

    def read(self) -> State | None:
        """What the last report said, None where there was none. Raises ``Failure``, also where it cannot be kept."""

    def write(self, state: State) -> None:
        """Replace it by *state*, whole or not at all. Raises ``Failure``."""


def memory(state: str | None, store: str | None, needed: bool) -> Memory | None:
    """The place that ``--state`` and ``--store`` name: a word without a slash is a name in the store.

    Where it is *needed* a store has it without ``--state``, too.
    """
    if store is not None and (state is None or os.sep not in state):
        return InStore(store, state or NAMELESS) if state or needed else None
    return None if state is None else InFile(state)


@dataclass(frozen=True)
class InFile:
    """In a file of its own."""

    path: str

    def read(self) -> State | None:
        """See ``Memory``."""
        try:
            with open(self.path, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            check_output(self.path)
            return None
        except OSError as error:
            raise self._unusable((error.strerror or str(error)).lower()) from error
        except ValueError as error:
            raise self._unusable("it is no UTF-8") from error
        try:
            return _state(text)
        except ValueError as error:
            raise self._unusable(str(error)) from error

    def write(self, state: State) -> None:
        """See ``Memory``."""
        with text_output(self.path) as out:
            out.write(_text(state) + "\n")

    def _unusable(self, why: str) -> Failure:
        return Failure(
            f"--state {self.path} cannot be used: {why}.",
            "Remove the file to begin anew: the next report is then the first.",
            code=ExitCode.CONFIG_ERROR,
        )


@dataclass(frozen=True)
class InStore:
    """In the catalogue of a store, under a name."""

    folder: str
    name: str

    def read(self) -> State | None:
        """See ``Memory``."""
        from logtune.store import StoreError, reports

        try:
            text = reports.last(self.folder, self.name)
            reports.check(self.folder)
        except StoreError as error:
            raise store_failure(error) from error
        try:
            return None if text is None else _state(text)
        except ValueError as error:
            raise Failure(
                f"what the store {self.folder} keeps of the last report ({self.name}) cannot be used: {error}.",
                "Begin anew under another name: --state NAME.",
                code=ExitCode.CONFIG_ERROR,
            ) from error

    def write(self, state: State) -> None:
        """See ``Memory``."""
        from logtune.store import StoreError, reports

        try:
            reports.keep(self.folder, self.name, _text(state))
        except StoreError as error:
            raise store_failure(error) from error


def _state(text: str) -> State:
    """Raises ``ValueError``, of which ``StateError`` is one."""
    from logtune.analyses.state import State, StateError

    try:
        return State.from_json(json.loads(text))
    except StateError:
        raise
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error


def _text(state: State) -> str:
    from logtune.render.json import text

    return text(state.to_json(), indent=1)
