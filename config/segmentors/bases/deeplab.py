# What the DeepLab networks have in common: crops, augmentation and test as the public DeepLabV2
# code of the weakly-supervised literature has them, on which the authors' own release builds.
_base_ = "training.py"

model = dict(data_preprocessor=dict(size=(321, 321)))

train_pipeline = [
    dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
    dict(type="LoadLabels"),
    dict(
        type="RandomChoice",
        transforms=[
            [dict(type="Resize", scale_factor=factor)] for factor in (0.5, 0.75, 1.0, 1.25, 1.5)
        ],
    ),
    dict(type="RandomCrop", crop_size=(321, 321)),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackSegInputs"),
]
# The CRF with which the authors' released script ends, at their values. The supplement does not
# say whether its numbers are with it; `inference: {crf: null}` turns it off.
inference = dict(
    crf=dict(
        iterations=10,
        gaussian_compat=3,
        gaussian_sxy=1,
        bilateral_compat=4,
        bilateral_sxy=67,
        bilateral_srgb=3,
    ),
)
