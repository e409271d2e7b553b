"""The architectures that ship with cnnkit."""

from __future__ import annotations

from cnnkit.train.architectures import best, bn, mobilenet, pretrained, resnet, vgg, wide
from cnnkit.train.architectures.model_s import model_s
from cnnkit.train.architectures.shape import Architecture

ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture("conv2", 32, vgg.conv2, smallest=4),
        Architecture("vgg1", 32, vgg.vgg1, smallest=2),
        Architecture("vgg3", 32, vgg.vgg3, smallest=8),
        Architecture("vgg3_dropout", 32, vgg.vgg3_dropout, smallest=8),
        Architecture("vgg3_dropout_increasing", 32, vgg.vgg3_dropout_increasing, smallest=8),
        Architecture("vgg3_bn", 32, vgg.vgg3_bn, smallest=8),
        Architecture("vgg2_wide", 32, wide.vgg2_wide, smallest=4),
        Architecture("vgg2_wide_bn", 32, wide.vgg2_wide_bn, smallest=4),
        Architecture("vgg3_deep_head", 32, wide.vgg3_deep_head, smallest=8),
        Architecture("bn2", 32, bn.bn2, smallest=10, options=bn.Bn2Options),
        Architecture("bn3", 32, bn.bn3, smallest=18),
        Architecture("bn3_regularized", 32, bn.bn3_regularized, smallest=18),
        Architecture("conv3_tuned", 32, bn.conv3_tuned, smallest=18),
        Architecture("model_s", 32, model_s, smallest=16),
        Architecture("resnet8", 32, resnet.resnet8, options=resnet.ResNet8Options),
        Architecture("resnet20", 32, resnet.resnet20),
        Architecture("resnet32", 32, resnet.resnet32),
        Architecture("resnet56", 32, resnet.resnet56),
        Architecture("best", 32, best.best, options=best.BestOptions),
        Architecture("mobilenet_v1", 96, mobilenet.mobilenet_v1, options=mobilenet.MobileNetV1Options),
        *(
            Architecture(f"efficientnet_lite{number}", size, build, 32, pretrained.PretrainedOptions)
            for number, size, build in (
                (0, 224, pretrained.efficientnet_lite0),
                (1, 240, pretrained.efficientnet_lite1),
                (2, 260, pretrained.efficientnet_lite2),
            )
        ),
        Architecture("mobilenet_v3_small", 224, pretrained.mobilenet_v3_small, 32, pretrained.PretrainedOptions),
        Architecture("efficientnet_v2_b0", 224, pretrained.efficientnet_v2_b0, 32, pretrained.PretrainedOptions),
    )
}
