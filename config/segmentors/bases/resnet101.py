# A ResNet-101 of output stride 8 whose BatchNorm stays that of ImageNet, and how it is trained,
# after the same public code; that code starts from weights trained on COCO, this from ImageNet's.
_base_ = "deeplab.py"

model = dict(
    backbone=dict(
        type="ResNet",
        depth=101,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        # Output stride 8.
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        style="pytorch",
        norm_cfg=dict(type="BN", requires_grad=False),
        norm_eval=True,
        # A state dict in torchvision's naming; `init_cfg: null` trains from random values, which
        # needs BatchNorm that is trained.
        init_cfg=dict(type="Pretrained", checkpoint="weights/resnet101.pth"),
    ),
)
# The public code moves along the curve of the learning rate every 10 iterations, here every
# iteration does.
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=2.5e-4, momentum=0.9, weight_decay=5e-4),
)
schedule = dict(batch_size=10)
