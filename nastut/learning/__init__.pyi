from . import children as children
from . import grammar as grammar
from . import models as models
from . import tasks as tasks
from . import training as training
