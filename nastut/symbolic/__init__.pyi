from . import formulas as formulas
from . import layout as layout
from . import linearize as linearize
from . import reading as reading
from . import symbols as symbols
