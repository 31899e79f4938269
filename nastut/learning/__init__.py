"""What a child learns, and how: sequences to predict, and the training of one network or many.

A task is data and nothing else; a network that is trained side by side with others must end where
it would have ended alone. Open ``tasks.py`` first, then ``training.py``.
"""

from nastut.names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
