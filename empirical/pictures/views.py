"""Views: feature vectors of any number of dimensions as the plane, or space, shows them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

#: Feature vectors as they are drawn in the plane.
Flat = Float[np.ndarray, "2 features"]
