from . import elementwise as elementwise
from . import gradient as gradient
from . import kernel as kernel
from . import layer as layer
from . import memory as memory
from . import program as program
from . import recurrence as recurrence
