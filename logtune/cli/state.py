"""The file of ``--state``: what the last report said. Read before the logs, replaced as a whole after the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from logtune.cli.errors import Failure
from logtune.cli.exit_codes import ExitCode
from logtune.cli.output import check_output, text_output

if TYPE_CHECKING:
    from logtune.analyses.state import State


def read_state(path: str) -> State | None:
    """What the last report said, None where there was none. Raises ``Failure`` for a file that is something else."""
    from logtune.analyses.state import State, StateError

    try:
        with open(path, encoding="utf-8") as file:
            return State.from_json(json.load(file))
    except FileNotFoundError:
        check_output(path)
        return None
    except OSError as error:
        raise _unreadable(path, (error.strerror or str(error)).lower()) from error
    except StateError as error:
        raise _unreadable(path, str(error)) from error
    except (ValueError, RecursionError) as error:  # no JSON, or no UTF-8
        raise _unreadable(path, "it is no JSON") from error


def write_state(path: str, state: State) -> None:
    """Replace the file by *state*, whole or not at all."""
    from logtune.render.json import text

    with text_output(path) as out:
        out.write(text(state.to_json(), indent=1) + "\n")


def _unreadable(path: str, why: str) -> Failure:
    return Failure(
        f"--state {path} cannot be used: {why}.",
        "Remove the file to begin anew: the next report is then the first.",
        code=ExitCode.CONFIG_ERROR,
    )
