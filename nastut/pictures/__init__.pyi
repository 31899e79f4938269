from . import drawing as drawing
from . import graph as graph
from . import picture as picture
from . import steps as steps
from . import style as style
