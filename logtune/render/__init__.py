"""Results as terminal text, plain text, JSON, CSV and notebook output. Imports ``logtune.results`` alone.

Each form is a module of its own over the same objects: ``terminal``, ``json``, ``csv``, ``notebook``. What they share:
``escape`` (the one place where text from a log is made safe), ``numbers`` (how values are written), ``glyphs`` (signs).
"""
