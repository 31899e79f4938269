from . import cell as cell
from . import evaluate as evaluate
from . import number_systems as number_systems
from . import operations as operations
from . import sequence as sequence
from . import space as space
