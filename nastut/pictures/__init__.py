"""A cell's pictures: its tree, its sequence, its computation graph, block by block.

What is drawn enters here, and how it looks; a colour or a shape is chosen in ``style.py`` alone.
Open ``drawing.py`` first.
"""
