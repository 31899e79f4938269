"""A cell's pictures: its tree, its sequence, its computation graph, block by block.

Everything that draws a cell belongs here; colours and shapes are chosen in ``style.py`` alone.
Open ``drawing.py`` first.
"""
