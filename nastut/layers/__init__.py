"""A cell as a torch layer, with the interface of ``nn.LSTM``, and what makes it fast.

The meaning of a cell is not written here: ``program.py`` records the walk of
``cells/evaluate.py`` as instructions, and everything else runs these. Open ``layer.py`` first.
"""

from nastut.names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
