"""Which categories of LVIS and COCO are which class of PASCAL VOC.

The paper does not say how it mapped them. The tables here are this project's: a class is the one
category that LVIS's own `coco_to_synset.json` gives for the COCO category of that class.
"""

FROM_COCO = "pottedplant"
"""The class that LVIS lacks (it only has the pot) and that comes from COCO (supplement, 1.2)."""

VOC_TO_COCO = {
    "aeroplane": "airplane",
    "bicycle": "bicycle",
    "bird": "bird",
    "boat": "boat",
    "bottle": "bottle",
    "bus": "bus",
    "car": "car",
    "cat": "cat",
    "chair": "chair",
    "cow": "cow",
    "diningtable": "dining table",
    "dog": "dog",
    "horse": "horse",
    "motorbike": "motorcycle",
    "person": "person",
    "pottedplant": "potted plant",
    "sheep": "sheep",
    "sofa": "couch",
    "train": "train",
    "tvmonitor": "tv",
}
"""The COCO category of every VOC class."""

LVIS_CLASSES: dict[str, tuple[str, ...]] = {
    "aeroplane": ("airplane",),
    "bicycle": ("bicycle",),
    "bird": ("bird",),
    "boat": ("boat",),
    "bottle": ("bottle",),
    "bus": ("bus_(vehicle)",),
    "car": ("car_(automobile)",),
    "cat": ("cat",),
    "chair": ("chair",),
    "cow": ("cow",),
    "diningtable": ("dining_table",),
    "dog": ("dog",),
    "horse": ("horse",),
    "motorbike": ("motorcycle",),
    "person": ("person",),
    "sheep": ("sheep",),
    "sofa": ("sofa",),
    "train": ("train_(railroad_vehicle)",),
    "tvmonitor": ("television_set",),
}
"""The LVIS categories that are a VOC class, by name."""

LVIS_NARROWER: dict[str, tuple[str, ...]] = {
    "aeroplane": ("fighter_jet", "jet_plane", "seaplane"),
    "bicycle": (),
    "bird": (
        "chicken_(animal)",
        "dove",
        "duck",
        "duckling",
        "eagle",
        "flamingo",
        "goose",
        "gull",
        "heron",
        "hummingbird",
        "ostrich",
        "owl",
        "parrot",
        "pelican",
        "penguin",
        "pigeon",
        "seabird",
    ),
    "boat": (
        "barge",
        "canoe",
        "cargo_ship",
        "cruise_ship",
        "dinghy",
        "ferry",
        "gondola_(boat)",
        "houseboat",
        "kayak",
        "passenger_ship",
        "river_boat",
        "yacht",
    ),
    "bottle": ("beer_bottle", "thermos_bottle", "water_bottle", "wine_bottle"),
    "bus": ("school_bus",),
    "car": (
        "cab_(taxi)",
        "convertible_(automobile)",
        "jeep",
        "limousine",
        "minivan",
        "police_cruiser",
        "race_car",
    ),
    "cat": ("kitten",),
    "chair": (
        "armchair",
        "deck_chair",
        "electric_chair",
        "folding_chair",
        "highchair",
        "rocking_chair",
        "wheelchair",
    ),
    "cow": ("bull.n.11", "calf"),
    "diningtable": ("kitchen_table", "table"),
    "dog": ("bulldog", "pug-dog", "puppy", "shepherd_dog"),
    "horse": ("foal", "pony"),
    "motorbike": ("dirt_bike", "motor_scooter"),
    "person": (),
    "sheep": ("black_sheep", "lamb_(animal)", "ram_(animal)"),
    "sofa": ("futon", "loveseat", "sofa_bed"),
    "train": ("bullet_train",),
    "tvmonitor": ("monitor_(computer_equipment) computer_monitor",),
}
"""LVIS categories that are a kind of a VOC class, or close to it, but are not mapped to it.

A category that has different names in the versions 0.5 and 1 of LVIS is given by its synset.
"""
