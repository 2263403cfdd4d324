"""What is to be seen in a picture."""

from pathlib import Path

import numpy as np
from PIL import Image


def coloured(file: Path) -> int:
    """How many pixels have a colour: none where axes alone were drawn."""
    with Image.open(file) as picture:
        return int((np.ptp(np.asarray(picture.convert("RGB"), int), axis=-1) > 50).sum())
