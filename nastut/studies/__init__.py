"""What was recorded in ``data/``, and how it is made again.

A study is data plus one function; ``study.py`` conducts it, resumes it and reads it. Open
``study.py`` first, then ``contest.py`` as an example.
"""

from nastut.names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
