# DeepLab-LargeFOV (Chen et al., ICLR 2015), the paper that the supplement cites for DeepLabV1: a
# VGG-16 of output stride 8 with thinned-out, dilated fully-connected layers, started from
# ImageNet's VGG-16. Its variant with a ResNet-101 is deeplabv1_resnet.py.
_base_ = "bases/deeplab.py"

title = "DeepLabV1"

model = dict(
    type="EncoderDecoder",
    backbone=dict(
        type="LargeFovVgg",
        dropout_ratio=0.5,
        # A state dict in torchvision's naming, with its classifier.
        init_cfg=dict(type="Pretrained", checkpoint="weights/vgg16.pth"),
    ),
    decode_head=dict(
        type="DeepLabV1Head",
        in_channels=1024,
        in_index=0,
        loss_decode=dict(type="SizeWeightedCrossEntropy"),
    ),
    train_cfg=dict(),
)
# Rates, momentum, decay and batch are the paper's. It divides the rate by 10 every 2000 of 6000
# iterations; here it falls as in the paper's successor, over the supplement's schedule.
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=1e-3, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={"decode_head": dict(lr_mult=10)}),
)
schedule = dict(batch_size=20)
# Its row in Table 2 of the supplement: with CE, and the gain with L_sb.
published = dict(
    voc=dict(miou=(76.9, 2.0), ia_miou=(65.6, 6.4), ia_s=(18.9, 13.8)),
    pascal_b=dict(miou=(65.7, 1.3), ia_miou=(45.4, 5.8), ia_s=(13.3, 7.1)),
)
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
                in_index=3,
                init_cfg=dict(type="Normal", std=0.1, override=dict(name="conv_seg")),
            ),
        ),
        optim_wrapper=dict(optimizer=dict(lr=0.1)),
        schedule=dict(iterations=160, shared_iterations=110),
        # Strength times learning rate as in the other networks.
        ewc=dict(strength=1.0),
        ablation=dict(strength=[0.1, 10.0]),
        per_dataset=dict(
            coco=dict(schedule=dict(iterations=160, shared_iterations=110)),
        ),
    ),
)
