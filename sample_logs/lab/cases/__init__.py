"""The small logs: one question about Postfix's log each, with the truth beside it.

``protocol_states``  where in a session a restriction speaks
``mails``            several mails and recipients, mails given up
``clients``          who comes
``restrictions``     which restriction is on trial
``actions``          what a table does with a mail beside rejecting it
``filtering``        content filters
``commands``         commands beside mail, limits, misbehaviour
``enforced``         the same in earnest, and ``enforcing``: a trial and what came after it
``journeys``         what becomes of mail and addresses
``transactions``     what happens within a session
"""

from . import (  # noqa: F401 (they register their cases)
    actions,
    clients,
    commands,
    enforced,
    enforcing,
    filtering,
    journeys,
    mails,
    protocol_states,
    restrictions,
    transactions,
)
from .register import CASES

__all__ = ["CASES"]
