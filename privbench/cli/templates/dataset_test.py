"""The promises of the data set in my_plugin.py, on a few images: `pytest test_my_plugin.py`, some twenty seconds."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from privbench.judging.contract.checks import broken_promises

FILE = Path(__file__).with_name("my_plugin.py")


def write_data(root: Path) -> None:
    """Three images of each of ten patients, and their table."""
    rows, rng = [], np.random.default_rng(0)
    for number in range(30):
        patient, follow_up = divmod(number, 3)
        path = f"{number:02}.png"
        Image.fromarray(rng.integers(0, 256, (40, 40), np.uint8)).save(root / path)
        about = {"image": path, "patient": f"P{patient}", "follow_up": follow_up, "age": 50, "sex": "F", "view": "PA"}
        labels = {"Effusion": number % 2, "Mass": None if number % 5 == 0 else number % 3 // 2}
        rows.append(about | {"split": "test" if patient > 7 else "train_val", "path": path} | labels)
    pd.DataFrame(rows).to_csv(root / "images.csv", index=False)


def test_it_keeps_its_promises(tmp_path: Path) -> None:
    write_data(tmp_path)
    assert broken_promises(FILE, root=tmp_path) == {}
