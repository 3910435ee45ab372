"""Large realistic maillogs from a seed: ``world`` has who takes part, ``door`` and ``queue`` what happens to a mail,
``background`` everything else that stands in a log, ``log`` puts the lines in order of time."""
