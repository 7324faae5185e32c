"""What each of 25 blocks is made of: a, and f = constant + product sin πξ sin πη.

The numbers are those of PINNacle's files `poisson_a_coef.dat` and `poisson_f_coef.dat`, to six
digits, rows by x and columns by y. Two of the four numbers for each f have a factor sin 0. They are
data of the problem and not its answer, so the three levels are alike.
"""

import numpy as np

FOLDER = "pinnacle"
TICKS = {"x": np.arange(-8.0, 9.0, 4.0), "y": np.arange(-8.0, 9.0, 4.0)}
LEVELS = (1, 2, 3)
ORDER = None
QUICK = True
METHOD = "the published numbers"

A = (
    (46.1173, 0.597328, 0.292271, 1.26276, 0.144562),
    (12.7181, 1.46975, 82.5802, 0.236118, 0.321258),
    (0.987068, 9.05693, 87.9360, 0.131913, 66.2485),
    (6.94013, 1.71437, 1.88294, 0.477755, 12.2678),
    (65.9532, 22.7651, 51.4951, 1.05173, 64.8501),
)
CONSTANT = (
    (-0.539145, -0.377680, 0.959389, 0.239579, 0.529850),
    (-0.875422, 0.920059, 0.230218, 0.126419, -0.805553),
    (0.311825, -0.123976, 0.755886, -0.0569081, -0.968498),
    (-0.405480, 0.892861, 0.439458, -0.803800, 0.508780),
    (0.635646, -0.434820, -0.832342, -0.778839, 0.194579),
)
PRODUCT = (
    (-0.829375, 0.114282, 0.586444, -0.937095, 0.424731),
    (0.477917, -0.369079, 0.339628, 0.324125, 0.265265),
    (0.663016, -0.0797203, -0.760394, 0.105132, -0.0586470),
    (0.0761380, -0.186020, 0.0490580, -0.413411, 0.224806),
    (-0.782512, -0.635846, 0.884609, 0.677474, -0.984831),
)


def solve(_=None):
    """The numbers of each block, by its middle."""
    return {"a": np.array(A), "constant": np.array(CONSTANT), "product": np.array(PRODUCT)}
