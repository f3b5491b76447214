"""Tables of radiographs as data sets give them."""

import pandas as pd


def table(split, patient):
    """A table without an illness, of images in these splits and of these patients."""
    return pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(len(split))],
            "patient": patient,
            "follow_up": 0,
            "age": 50,
            "sex": "F",
            "view": "PA",
            "split": split,
            "Mass": 0,
        }
    )
