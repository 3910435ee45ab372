"""A small mail laboratory: a real Postfix between scripted clients and sinks, to make sample logs whose truth is known.

The truth never comes from the log. It comes from the replies the clients got, from what the sinks and mailboxes
received, and from what the queue still holds at the end (`ledger.py`).
"""
