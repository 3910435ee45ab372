"""Keyed pseudonyms in place of addresses, names and client addresses: ``--anonymize``.

``key``         the secret of this machine, made when it is first needed
``pseudonyms``  one name, mailbox or address to its pseudonym
``texts``       the same for whatever stands in a text of the log
``paths``       names of files
``rows``        the columns of the tables, and raw lines
``identities``  all that a reading passes on, under pseudonyms or as it is

Applied once, to the rows right after reading: whatever is asked later sees pseudonyms only. Restrictions are named
and sessions and messages linked before, so that both stay as they are.
"""
