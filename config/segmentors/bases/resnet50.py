# A ResNet-50 of output stride 8 and how MMSegmentation trains it on VOC (fcn_r50-d8 and
# pspnet_r50-d8, 20k and 40k iterations, batch 16, crop 512). The supplement names no backbone; at
# one look per image those reach 67.1 (FCN) and 76.8 mIoU (PSPNet), the supplement states 67.8 and
# 76.7. MMSegmentation has a stem of three convolutions (ResNetV1c) with weights of its own; this
# is torchvision's ResNet-50, whose weights the labels' networks need as well.
_base_ = "training.py"

model = dict(
    type="EncoderDecoder",
    data_preprocessor=dict(size=(512, 512)),
    backbone=dict(
        type="ResNet",
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        # Output stride 8; the first block of a dilated stage has half its dilation.
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        contract_dilation=True,
        style="pytorch",
        # Trained, and synchronised where several GPUs share a batch.
        norm_cfg=dict(type="BN", requires_grad=True),
        norm_eval=False,
        # A state dict in torchvision's naming.
        init_cfg=dict(type="Pretrained", checkpoint="weights/resnet50.pth"),
    ),
    # A second loss on the third stage, in training alone.
    auxiliary_head=dict(
        type="FCNHead",
        in_channels=1024,
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        norm_cfg=dict(type="BN", requires_grad=True),
        align_corners=False,
        loss_decode=dict(type="SizeWeightedCrossEntropy", loss_weight=0.4),
    ),
    train_cfg=dict(),
)

train_pipeline = [
    dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
    dict(type="LoadLabels"),
    dict(type="RandomResize", scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type="RandomCrop", crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
# The shorter side has 512 pixels, as in the middle of the training's sizes.
test_pipeline = [
    dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
    dict(type="Resize", scale=(2048, 512), keep_ratio=True),
    dict(type="PackSegInputs"),
]

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.9, weight_decay=5e-4),
)
param_scheduler = [dict(type="PolyLR", power=0.9, eta_min=1e-4)]
schedule = dict(batch_size=16)
per_dataset = dict(
    # With a strength of 1000 descent would diverge: the switch comes early, at a high rate.
    coco=dict(ablation=dict(strength=[50.0])),
)
scales = dict(
    # From random values the last convolution, published to start near 0, holds the others back.
    demo=dict(
        model=dict(
            decode_head=dict(
                in_channels=64,
                channels=32,
                init_cfg=dict(type="Normal", std=0.1, override=dict(name="conv_seg")),
            ),
            auxiliary_head=dict(
                in_channels=64,
                channels=16,
                init_cfg=dict(type="Normal", std=0.1, override=dict(name="conv_seg")),
            ),
        ),
        optim_wrapper=dict(optimizer=dict(lr=0.05)),
        schedule=dict(iterations=160, shared_iterations=110),
        # Strength times learning rate as in the other networks, or nearly.
        ewc=dict(strength=1.0),
        ablation=dict(strength=[0.1, 10.0]),
        per_dataset=dict(
            coco=dict(schedule=dict(iterations=160, shared_iterations=110)),
        ),
    ),
)
