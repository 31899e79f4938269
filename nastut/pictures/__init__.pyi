from . import canvas as canvas
from . import drawing as drawing
from . import graph as graph
from . import grid as grid
from . import picture as picture
from . import style as style
from . import words as words
