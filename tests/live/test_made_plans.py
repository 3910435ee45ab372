"""The plans of the tuner's own tests, on a running Postfix: none of them relays for strangers, excepted or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lab import world as w

from logtune.analyses.exemptions import Key
from logtune.postconf import main_cf, master_cf
from logtune.postconf.read import read_directory
from logtune.tune.files import files
from logtune.tune.plan import Plan
from tests.live.cases import BASE, FILES
from tests.live.instance import Instance
from tests.live.plans import run
from tests.live.relay import STRANGERS, relays_for_strangers
from tests.tune.made import plan
from tests.tune.test_accepted import PLANS

LISTENERS = {"smtp": "smtp", "submission": "submission", "127.0.0.1:10025": "reinject"}
"""Services of the made configurations, and what an instance calls them."""


def instance(name: str, made: list[Plan]) -> Instance:
    """A server with the lists of a made configuration, and the plan for it carried out; *made* gets the plan."""
    main, master, trial, exemptions = PLANS[name]
    settings = {**BASE, **{p: a.value for p, a in main_cf.parse(main, "main.cf").items()}}
    services = {LISTENERS[e.key.partition("/")[0]]: dict(e.overrides) for e in master_cf.parse(master, "master.cf")}
    # two of the strangers that will try are excepted, too: by address and by verified name
    who = [replace(exemptions[0], by=Key.ADDRESS, key=w.CRAFTSMAN.address)] if exemptions else []
    who += [replace(e, by=Key.NAME, key=w.PARTNER.name) for e in who]

    def carry_out(config: Path) -> None:
        made.append(plan(read_directory(str(config)), trial, [*exemptions, *who], require_helo=True))
        for file, text in files(made[0], "text").items():
            (config / file).write_text(text)
        run(config, "sh", str(config / "postconf.sh"))

    return Instance(settings, services, FILES, carry_out)


@pytest.mark.parametrize("name", PLANS)
def test_a_made_plan_relays_for_nobody(name: str) -> None:
    """Whatever it enforces, moves and excepts."""
    made: list[Plan] = []
    with instance(name, made) as postfix:
        assert relays_for_strangers(postfix) == []
    assert made[0].changes
    assert {w.CRAFTSMAN, w.PARTNER} <= set(STRANGERS)
