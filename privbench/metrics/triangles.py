"""The area that a deformation takes each pixel from, by the triangles between it and its next neighbours."""

from __future__ import annotations

from typing import Any


def determinants(displacement: Any) -> list[Any]:
    """The Jacobian determinants of x -> x + displacement, of the four triangles in each square of 2 x 2 pixels.

    A triangle is a pixel with a neighbour beside it and one above or below it. Central differences look over a
    neighbour and miss the smallest folds.

    Shape: an array or tensor (N, 2, H, W), in pixels, along x and along y; H and W at least 2; four of
    (N, H - 1, W - 1), 1 where areas are kept, 0 or less where content is turned over.
    """
    right = displacement[..., 1:] - displacement[..., :-1]
    down = displacement[..., 1:, :] - displacement[..., :-1, :]
    return [
        (1 + across[:, 0]) * (1 + upright[:, 1]) - upright[:, 0] * across[:, 1]
        for across in (right[:, :, :-1], right[:, :, 1:])
        for upright in (down[..., :-1], down[..., 1:])
    ]
