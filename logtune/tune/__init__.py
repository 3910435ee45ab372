"""The tuner: a trial and a Postfix configuration in, a plan out.

```
find.py         what is on trial, where it is written, and who uses it
decide.py       enforce, enforce with exceptions, keep on trial, drop: from the verdicts of the services that use it
lists.py        the new restriction lists: permits, exceptions and restrictions in an order that spares and never opens
exceptions.py   lookup tables of the excepted clients
codes.py        reply codes in stages
relay.py        the guard: what a plan must never do to relay protection
layout.py       main.cf and master.cf with the new values, in the files' own layout
plan.py         all of it together: Plan
also_seen.py    what else log and configuration show
files.py        the plan as files
sections.py     the plan as a report
```
"""
