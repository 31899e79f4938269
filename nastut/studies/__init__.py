"""What was recorded in ``data/``: the table, the studies, and what they say.

Open ``study.py`` first. What makes a record lies beside it: ``data/beyond.py`` makes
``data/beyond.json``.
"""
