from . import children as children
from . import grammar as grammar
from . import population as population
from . import tasks as tasks
from . import training as training
