"""A cell as a torch layer, with the interface of ``nn.LSTM``, and what makes it fast.

The meaning of a cell is not written here: ``recurrence.py`` runs the walk of ``cells/evaluate.py``
over time, and ``program.py`` records it for the compiled kernel. Open ``layer.py`` first.
"""
