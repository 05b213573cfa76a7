"""The definition of IA-mIoU written out pixel by pixel: slow, obvious, and sharing no code."""

SIDES = ((-1, 0), (0, -1), (0, 1), (1, 0))
AROUND = (*SIDES, (-1, -1), (-1, 1), (1, -1), (1, 1))


def pixels_of(array, value):
    return {
        (y, x) for y, line in enumerate(array.tolist()) for x, v in enumerate(line) if v == value
    }


def flood(start, allowed, steps):
    """Every pixel of `allowed` that can be reached from `start`."""
    reached, front = set(start), list(start)
    while front:
        y, x = front.pop()
        for dy, dx in steps:
            step = (y + dy, x + dx)
            if step in allowed and step not in reached:
                reached.add(step)
                front.append(step)
    return reached


def regions_of(pixels, steps):
    """Connected regions, in scan order."""
    left, regions = set(pixels), []
    for pixel in sorted(pixels):
        if pixel in left:
            region = flood([pixel], left, steps)
            regions.append(region)
            left -= region
    return regions


def everything(height, width):
    return {(y, x) for y in range(height) for x in range(width)}


def border_of(height, width):
    return {
        (y, x)
        for y in range(height)
        for x in range(width)
        if y in (0, height - 1) or x in (0, width - 1)
    }


def components_by_filling(mask):
    """Fill holes, label with 8 neighbours, keep the pixels of the mask."""
    everywhere, border = everything(*mask.shape), border_of(*mask.shape)
    foreground = pixels_of(mask, True)
    background = everywhere - foreground
    outside = flood(sorted(background & border), background, SIDES)
    return [region & foreground for region in regions_of(everywhere - outside, AROUND)]


def components_by_enclosure(mask):
    """Label with 8 neighbours, then give each region to the outermost one that encloses it.

    A encloses B if no path through edges leads from B to the border without crossing A.
    """
    everywhere, border = everything(*mask.shape), border_of(*mask.shape)
    regions = regions_of(pixels_of(mask, True), AROUND)
    open_to_border = []
    for region in regions:
        free = everywhere - region
        open_to_border.append(flood(sorted(free & border), free, SIDES))
    owners = []
    for b, region in enumerate(regions):
        enclosing = [a for a in range(len(regions)) if a != b and not region & open_to_border[a]]
        outermost = [
            a
            for a in enclosing
            if all(other == a or regions[a] & open_to_border[other] for other in enclosing)
        ]
        owners.append(outermost[0] if outermost else b)
    merged = {}
    for owner, region in zip(owners, regions, strict=True):
        merged.setdefault(owner, set()).update(region)
    return [merged[owner] for owner in sorted(merged)]


def confusion_loop(prediction, semantic, num_classes, ignore_index=255):
    """Ground truth in rows; the last column is for pixels without a predicted class."""
    counts = [[0] * (num_classes + 1) for _ in range(num_classes)]
    for truth_line, line in zip(semantic.tolist(), prediction.tolist(), strict=True):
        for truth, predicted in zip(truth_line, line, strict=True):
            if truth != ignore_index:
                counts[truth][num_classes if predicted == ignore_index else predicted] += 1
    return counts


def _share(size, i, o):
    """Pixels of a component of `size` pixels charged to an instance."""
    return size if o == 0 else i + (size - i - o) * i // (i + o)


def _class_of(pixels, semantic, ignore_index):
    (class_id,) = {int(semantic[pixel]) for pixel in pixels} - {ignore_index}
    return class_id


def instance_rows(prediction, semantic, instances, num_classes, limits, ignore_index=255):
    """The rows as tuples: class, id, area, size, intersection, charged, iou."""
    valid = everything(*instances.shape) - pixels_of(instances, ignore_index)
    rows = []
    truth, found = pixels_of(semantic, 0) & valid, pixels_of(prediction, 0) & valid
    if truth:
        i = len(truth & found)
        rows.append((0, 0, len(truth), "", i, len(found), i / len(truth | found)))

    ids = sorted({int(v) for v in instances.ravel()} - {0, ignore_index})
    pixels = {k: pixels_of(instances, k) for k in ids}
    classes = {k: _class_of(pixels[k], semantic, ignore_index) for k in ids}
    components = {c: components_by_filling(prediction == c) for c in sorted(set(classes.values()))}
    for k in ids:
        own = pixels[k]
        siblings = set()
        for other in ids:
            if other != k and classes[other] == classes[k]:
                siblings |= pixels[other]
        intersection = charged = 0
        for component in components[classes[k]]:
            counted = component & valid
            i, o = len(counted & own), len(counted & siblings)
            if i:
                intersection += i
                charged += _share(len(counted), i, o)
        area = len(own)
        size = "small" if area < limits[0] else "medium" if area < limits[1] else "large"
        iou = intersection / (charged + area - intersection)
        rows.append((classes[k], k, area, size, intersection, charged, iou))
    return rows


def mean(values):
    return sum(values) / len(values) if values else None


def summary_by_loops(rows, confusion, num_classes):
    """The headline numbers of a dataset."""
    ious = []
    for c in range(num_classes):
        i = confusion[c][c]
        union = sum(confusion[c]) + sum(line[c] for line in confusion) - i
        if union:
            ious.append(i / union)

    def over_classes(keep):
        means = []
        for c in range(num_classes):
            values = [row[6] for row in rows if row[0] == c and keep(row)]
            if values:
                means.append(mean(values))
        return mean(means)

    return {
        "miou": mean(ious),
        "ia_miou": over_classes(lambda row: True),
        "ia_miou_foreground": over_classes(lambda row: row[0] > 0),
        "ia_s": over_classes(lambda row: row[3] == "small"),
        "ia_m": over_classes(lambda row: row[3] == "medium"),
        "ia_l": over_classes(lambda row: row[3] == "large"),
    }
