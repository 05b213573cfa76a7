"""Size weights by a flood fill, pixel by pixel."""

import numpy as np


def flood_fill_weights(labels, tau):
    height, width = labels.shape
    foreground = sum(0 < label < 255 for label in labels.ravel().tolist())
    weights = np.where(labels == 255, 0.0, 1.0)
    seen = set()
    for start in np.ndindex(height, width):
        if labels[start] in (0, 255) or start in seen:
            continue
        component, border = {start}, [start]
        while border:
            row, column = border.pop()
            for r in range(max(row - 1, 0), min(row + 2, height)):
                for c in range(max(column - 1, 0), min(column + 2, width)):
                    if (r, c) not in component and labels[r, c] == labels[start]:
                        component.add((r, c))
                        border.append((r, c))
        seen |= component
        for pixel in component:
            weights[pixel] = min(tau, foreground / len(component))
    return weights.astype(np.float32)
