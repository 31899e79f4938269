from . import named as named
from . import weights as weights
from .named import EXAMPLE as EXAMPLE
from .named import LSTM as LSTM
from .named import MAXCELL as MAXCELL
from .named import NASCELL as NASCELL
from .weights import from_tensorflow_nascell as from_tensorflow_nascell
from .weights import from_torch_lstm as from_torch_lstm
