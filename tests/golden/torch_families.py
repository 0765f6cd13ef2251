"""The networks of torch_golden.py in PyTorch, each written from its source, not from the tables in
src/models.

Layers that PyTorch does not have, or has in another convention only, are written out: sizes that
round up, two towers, response normalisation, locally connected layers.

Images, weights and biases are chosen so that every layer matters in the logits: if a source
normalises responses, images span +-100, as pixels of 0-255 less their mean do.
SPDX-License-Identifier: MIT
"""

import math

import torch
import torch.nn.functional as F
import torchvision

from philox import stays

CLASSES = 10
MARGIN = 2e-6       # a few times the rounding of a layer's values in float32, relative to their root mean square


# ---- parameters: their names, shapes, and initial values offset + scale * h(name, i) ----

def weights(shape, fan_in, biases):
    return {"weight": (shape, 0, math.sqrt(3 / fan_in)), "bias": (biases, 0, 0.05)}     # values shrink a little in each layer


def convolution(filters, maps, size):
    return weights((filters, maps, size, size), maps * size * size, (filters,))


def linear(outputs, inputs):
    return weights((outputs, inputs), inputs, (outputs,))


def local(places, maps, size, filters):
    return weights((places, maps, size * size, filters), maps * size * size, (places, filters))


def norm(maps):
    return {"weight": ((maps,), 1, 0.5), "bias": ((maps,), 0, 0.05),
            "running_mean": ((maps,), 0, 0.5), "running_var": ((maps,), 1, 0.5)}


# ---- layers without parameters ----

def average_pool(x):
    """cuda-convnet's: sizes round up, a window is divided by its number of pixels on the map."""
    return F.avg_pool2d(x, 3, 2, ceil_mode=True, count_include_pad=False)


def across(x, size, c, k, towers=1):
    """x (k + c * sum of squares over `size` maps around)^-0.75, the window clipped to the maps of
    the tower."""
    def one(maps):
        squares = F.pad(maps**2, (0, 0, 0, 0, size // 2, size // 2))
        return maps * (k + c * sum(squares[:, i:i + maps.shape[1]] for i in range(size)))**-0.75
    return torch.cat([one(tower) for tower in x.chunk(towers, 1)], 1)


def within(x, size, c):
    """x (1 + c * sum of squares over size x size pixels of the same map)^-0.75, the window clipped
    at the border."""
    height, width = x.shape[2:]
    squares = F.pad(x**2, [size // 2] * 4)
    return x * (1 + c * sum(squares[:, :, i:i + height, j:j + width] for i in range(size) for j in range(size)))**-0.75


class Close(Exception):
    """A ReLU or a maximum that rounding may change: gradients of float32 and float64 then differ by
    more than rounding."""


class Family:
    """A network and how its source trains it.

        layers                 the layers with parameters
        pixel_size             the largest absolute value of a pixel
        rate                   learning rate of the first step, so that the loss moves and does not explode
        update                 how the rate enters: "paper" (inside the velocity) or "torch" (outside)
        decay, layer_decays    weight decay of all weights, and of the layers that have another
        decay_scale            multiplies the weight decay here, so that it shows in three steps
        biases                 their learning rate and their decay, as multiples of those of weights
        dropout                its form; None: the network has no dropout
        dropout_layers         where masks are drawn: indices among all layers of the network, from 0
        rate_factors           multiply the rate in the three steps: the two forms of update differ after a change
    """
    batch, input, pixel_size = 2, (3, 224, 224), 2
    update, decay, layer_decays, biases = "paper", 5e-4, {}, (2, 0)
    decay_scale = 200
    dropout, dropout_layers = None, []
    rate_factors = [1, 0.1, 0.1]
    names = {}      # suffixes other than .weight and .bias

    def __init__(self):
        self.initial, self.tensors, self.images, self.strict = {}, {}, "images", False
        self.p, self.training, self.stream = 0, False, {}
        for layer, parameters in self.layers.items():
            for kind, first in parameters.items():
                self.initial[self.name(layer, kind)] = first
        for name, (shape, *_) in self.initial.items():
            self.tensors[name] = torch.zeros(shape, dtype=torch.float64, requires_grad="running" not in name)

    def name(self, layer, kind):
        return self.names.get(kind, "{}." + kind).format(layer)

    def of(self, layer, kind):
        return self.tensors[self.name(layer, kind)]

    def multipliers(self, name):
        if name.endswith("bias") or name.endswith("biases"):
            return self.biases
        layer = name.split(".")[0]
        return 1, self.layer_decays[layer] / self.decay if layer in self.layer_decays else 1

    # ---- layers ----

    def require_apart(self, distances, x):
        if self.strict and distances.min() < MARGIN * x.square().mean().sqrt():
            raise Close

    def relu(self, x):
        self.require_apart(x.abs(), x)
        return F.relu(x)

    def require_maximum(self, x, up):
        """The maximum of each window is well above the next value; but a ReLU, before or after,
        makes 0 of values that are not positive."""
        if self.strict:
            missing = [-(side - 3) % 2 if up else 0 for side in x.shape[2:]]
            padded = F.pad(x, (0, missing[1], 0, missing[0]), value=-math.inf)
            best = padded.unfold(2, 3, 2).unfold(3, 3, 2).flatten(4).topk(2).values
            self.require_apart((best[..., 0] - best[..., 1])[best[..., 0] > 0], x)

    def max_pool(self, x, up=True):
        self.require_maximum(x, up)
        return F.max_pool2d(x, 3, 2, ceil_mode=up)

    def conv(self, layer, x, stride=1, pad=0, up=False, towers=1):
        """Zeros that rounding up needs are at the right and below; a tower's filters read its maps
        only."""
        w, b = self.of(layer, "weight"), self.of(layer, "bias")
        x = F.pad(x, [pad] * 4)
        right, below = [-(side - w.shape[2]) % stride if up else 0 for side in (x.shape[3], x.shape[2])]
        x = F.pad(x, (0, right, 0, below))
        parts = zip(x.chunk(towers, 1), w.chunk(towers), b.chunk(towers))
        return torch.cat([F.conv2d(*part, stride=stride) for part in parts], 1)

    def local(self, layer, x, size, pad):
        """w [place][map][tap][filter], b [place][filter]; as many places as x has."""
        n, maps, height, width = x.shape
        taps = F.unfold(x, size, padding=pad).reshape(n, maps, size * size, height * width)
        y = torch.einsum("nctp,pctk->nkp", taps, self.of(layer, "weight")) + self.of(layer, "bias").T
        return y.reshape(n, -1, height, width)

    def linear(self, layer, x):
        return F.linear(x.flatten(1), self.of(layer, "weight"), self.of(layer, "bias"))

    def batch_norm(self, layer, x):
        """torch7: epsilon 1e-3, running values take a tenth of the new."""
        return F.batch_norm(x, self.of(layer, "running_mean"), self.of(layer, "running_var"), self.of(layer, "weight"),
                            self.of(layer, "bias"), self.training, 0.1, 1e-3)

    def drop(self, which, x):
        keep = 1 - self.p
        if self.training and self.p:
            mask = stays(self.p, layer=self.dropout_layers[which], rows=x.shape[0], count=x[0].numel(), **self.stream)
            return x * torch.as_tensor(mask).view(x.shape) / (keep if self.dropout == "inverted" else 1)
        return x * keep if self.dropout == "paper" else x


# ---- ImageNet ----

class Torchvision(Family):
    """torchvision.models.alexnet, except for its dropout."""
    rate, update, decay, biases = 0.002, "torch", 1e-4, (1, 1)
    dropout, dropout_layers = "inverted", [15, 18]
    layers = {
        "features.0": convolution(64, 3, 11), "features.3": convolution(192, 64, 5), "features.6": convolution(384, 192, 3),
        "features.8": convolution(256, 384, 3), "features.10": convolution(256, 256, 3),
        "classifier.1": linear(4096, 9216), "classifier.4": linear(4096, 4096), "classifier.6": linear(CLASSES, 4096),
    }

    def __init__(self):
        super().__init__()
        self.net = torchvision.models.alexnet(num_classes=CLASSES).double()
        own = dict(self.net.named_parameters())
        assert {name: p.shape for name, p in own.items()} == {name: t.shape for name, t in self.tensors.items()}
        self.tensors = own
        for layer in self.net.modules():
            if isinstance(layer, torch.nn.ReLU):
                layer.register_forward_pre_hook(lambda _, x: self.require_apart(x[0].abs(), x[0]))
            if isinstance(layer, torch.nn.MaxPool2d):
                layer.register_forward_pre_hook(lambda _, x: self.require_maximum(x[0], False))

    def logits(self, x):
        maps = self.net.features(x)
        assert torch.equal(self.net.avgpool(maps), maps)
        x = maps.flatten(1)
        for i, layer in enumerate(self.net.classifier):
            x = self.drop([0, 3].index(i), x) if isinstance(layer, torch.nn.Dropout) else layer(x)
        return x


class Torchvision2018(Torchvision):
    """It has no average over the map, which on maps of 6x6 changes only the number of layers."""
    dropout_layers = [14, 17]


class Paper(Family):
    """Krizhevsky, Sutskever, Hinton, NIPS 2012, as printed: the factor of the normalisation is not divided."""
    pixel_size, rate, biases = 100, 1e-5, (1, 1)
    dropout, dropout_layers = "paper", [18, 21]
    layers = {
        "conv1": convolution(96, 3, 11), "conv2": convolution(256, 48, 5), "conv3": convolution(384, 256, 3),
        "conv4": convolution(384, 192, 3), "conv5": convolution(256, 192, 3),
        "fc6": linear(4096, 9216), "fc7": linear(4096, 4096), "fc8": linear(CLASSES, 4096),
    }

    def block1(self, x):
        return self.max_pool(across(self.relu(self.conv("conv1", x, 4, up=True)), 5, 1e-4, 2))

    def block2(self, x):
        return self.max_pool(across(self.relu(self.conv("conv2", x, pad=2, towers=2)), 5, 1e-4, 2))

    def logits(self, x):
        x = self.block2(self.block1(x))
        x = self.relu(self.conv("conv3", x, pad=1))
        x = self.relu(self.conv("conv4", x, pad=1, towers=2))
        x = self.max_pool(self.relu(self.conv("conv5", x, pad=1, towers=2)))
        x = self.drop(0, self.relu(self.linear("fc6", x)))
        x = self.drop(1, self.relu(self.linear("fc7", x)))
        return self.linear("fc8", x)


class Caffe(Paper):
    """BVLC/caffe, models/bvlc_alexnet: images of 227, scale / size, and k is 1."""
    input, rate, biases, dropout = (3, 227, 227), 3e-6, (2, 0), "inverted"

    def block1(self, x):
        return self.max_pool(across(self.relu(self.conv("conv1", x, 4)), 5, 1e-4 / 5, 1))

    def block2(self, x):
        return self.max_pool(across(self.relu(self.conv("conv2", x, pad=2, towers=2)), 5, 1e-4 / 5, 1))


class CaffeNet(Caffe):
    """BVLC/caffe, models/bvlc_reference_caffenet: pooling before normalisation."""

    def block1(self, x):
        return across(self.max_pool(self.relu(self.conv("conv1", x, 4))), 5, 1e-4 / 5, 1)

    def block2(self, x):
        return across(self.max_pool(self.relu(self.conv("conv2", x, pad=2, towers=2))), 5, 1e-4 / 5, 1)


class PaperRun(Family):
    """computerhistory/AlexNet-Source-Code, layers-145.cfg: each tower normalises over its own maps; no ReLU before the
    first normalisation; conv2 is normalised within its maps as well."""
    pixel_size, rate = 100, 1e-5
    dropout, dropout_layers = "paper", [19, 22]
    layers = dict(list(Paper.layers.items())[:5],
                  fc4096a=linear(4096, 9216), fc4096b=linear(4096, 4096), fc1000=linear(CLASSES, 4096))

    def features(self, x):
        x = self.relu(self.max_pool(across(self.conv("conv1", x, 4, up=True), 5, 1e-4 / 5, 2, towers=2)))
        x = across(self.relu(self.conv("conv2", x, pad=2, towers=2)), 5, 1e-4 / 5, 2, towers=2)
        x = self.max_pool(within(x, 5, 0.001 / 25))
        x = self.relu(self.conv("conv3", x, pad=1))
        x = self.relu(self.conv("conv4", x, pad=1, towers=2))
        return self.relu(self.max_pool(self.conv("conv5", x, pad=1, towers=2)))

    def logits(self, x):
        x = self.drop(0, self.relu(self.linear("fc4096a", self.features(x))))
        x = self.drop(1, self.relu(self.linear("fc4096b", x)))
        return self.linear("fc1000", x)


class Owt(PaperRun):
    """akrizhevsky/cuda-convnet2, layers-imagenet-1gpu.cfg."""
    dropout_layers = [18, 21]
    layers = {
        "conv1": convolution(64, 3, 11), "conv2": convolution(192, 64, 5), "conv3": convolution(384, 192, 3),
        "conv4": convolution(256, 384, 3), "conv5": convolution(256, 256, 3),
        "fc4096a": linear(4096, 9216), "fc4096b": linear(4096, 4096), "fc1000": linear(CLASSES, 4096),
    }

    def features(self, x):
        x = self.relu(self.max_pool(across(self.conv("conv1", x, 4, up=True), 5, 1e-4 / 5, 2)))
        x = self.max_pool(across(self.relu(self.conv("conv2", x, pad=2)), 5, 1e-4 / 5, 2))
        x = self.relu(self.conv("conv3", x, pad=1))
        x = self.relu(self.conv("conv4", x, pad=1))
        return self.relu(self.max_pool(self.conv("conv5", x, pad=1)))


class Slim(Family):
    """tensorflow/models, research/slim/nets/alexnet.py, alexnet_v2: VALID, or SAME with stride 1; all are convolutions.
    Its script, not the network, says how it is trained: here as the others are. That weights alone decay is the network's."""
    pixel_size, rate, biases = 10, 2e-4, (1, 0)
    dropout, dropout_layers = "inverted", [15, 18]
    names = {"weight": "alexnet_v2/{}/weights", "bias": "alexnet_v2/{}/biases"}
    layers = {
        "conv1": convolution(64, 3, 11), "conv2": convolution(192, 64, 5), "conv3": convolution(384, 192, 3),
        "conv4": convolution(384, 384, 3), "conv5": convolution(256, 384, 3),
        "fc6": convolution(4096, 256, 5), "fc7": convolution(4096, 4096, 1), "fc8": convolution(CLASSES, 4096, 1),
    }

    def logits(self, x):
        x = self.max_pool(self.relu(self.conv("conv1", x, 4)), up=False)
        x = self.max_pool(self.relu(self.conv("conv2", x, pad=2)), up=False)
        for layer in ("conv3", "conv4", "conv5"):
            x = self.relu(self.conv(layer, x, pad=1))
        x = self.drop(0, self.relu(self.conv("fc6", self.max_pool(x, up=False))))
        x = self.drop(1, self.relu(self.conv("fc7", x)))
        return self.conv("fc8", x).squeeze((2, 3))


class Bn(Family):
    """soumith/imagenet-multiGPU.torch, models/alexnetowtbn_cudnn.lua. Of two images fc6 would show
    two values, which are brought to +-1 whatever they are: four. Of so few each counts: what
    rounding turns after the first step, which cannot be helped, is kept small by the rate."""
    batch, rate, update, biases, decay_scale = 4, 0.002, "torch", (1, 1), 40
    dropout, dropout_layers = "inverted", [19, 23]
    rate_factors = [1, 0.01, 0.01]
    layers = {
        "conv1": convolution(64, 3, 11), "bn1": norm(64), "conv2": convolution(192, 64, 5), "bn2": norm(192),
        "conv3": convolution(384, 192, 3), "bn3": norm(384), "conv4": convolution(256, 384, 3), "bn4": norm(256),
        "conv5": convolution(256, 256, 3), "bn5": norm(256), "fc6": linear(4096, 9216), "bn6": norm(4096),
        "fc7": linear(4096, 4096), "bn7": norm(4096), "fc8": linear(CLASSES, 4096),
    }

    def logits(self, x):
        x = self.max_pool(self.relu(self.batch_norm("bn1", self.conv("conv1", x, 4, pad=2))), up=False)
        x = self.max_pool(self.relu(self.batch_norm("bn2", self.conv("conv2", x, pad=2))), up=False)
        for i in "345":
            x = self.relu(self.batch_norm("bn" + i, self.conv("conv" + i, x, pad=1)))
        x = self.max_pool(x, up=False).flatten(1)
        for which, i in enumerate("67"):
            x = self.relu(self.batch_norm("bn" + i, self.linear("fc" + i, self.drop(which, x))))
        return self.linear("fc8", x)


# ---- CIFAR-10: cuda-convnet, example-layers ----

class Cifar19pct(Family):
    """layers-19pct.cfg: biases learn twice as fast and do not decay."""
    batch, input, rate, decay, layer_decays, decay_scale = 4, (3, 32, 32), 0.01, 0.004, {"fc10": 3}, 1
    layers = {"conv1": convolution(32, 3, 5), "conv2": convolution(32, 32, 5), "conv3": convolution(64, 32, 5),
              "fc10": linear(CLASSES, 1024)}

    def active(self, x):
        return self.relu(x)

    def norm(self, x):
        return x

    def top(self, x):
        return self.linear("fc10", x)

    def logits(self, x):
        x = self.norm(self.active(self.max_pool(self.conv("conv1", x, pad=2))))
        x = self.norm(average_pool(self.active(self.conv("conv2", x, pad=2))))
        return self.top(average_pool(self.active(self.conv("conv3", x, pad=2))))


class Cifar80sec(Cifar19pct):
    """layers-80sec.cfg: one linear layer more."""
    layer_decays = {"fc64": 0.03, "fc10": 0.03}
    layers = dict(list(Cifar19pct.layers.items())[:3], fc64=linear(64, 1024), fc10=linear(CLASSES, 64))

    def top(self, x):
        return self.linear("fc10", self.relu(self.linear("fc64", x)))


class Cifar18pct(Cifar19pct):
    """layers-18pct.cfg: normalised within maps after the first two poolings."""
    pixel_size, rate, layer_decays = 20, 5e-4, {"fc10": 1}

    def norm(self, x):
        return within(x, 3, 5e-5 / 9)


class Figure1Relu(Cifar19pct):
    """The paper's Figure 1, if its network is the one of 19 %: without any decay."""
    decay, layer_decays = 0, {}


class Figure1Tanh(Figure1Relu):
    def active(self, x):
        return torch.tanh(x)


class Cifar13pct(Family):
    """layers-conv-local-13pct.cfg: filters of local3 and local4 differ at each of 6x6 places."""
    batch, input, rate, decay, layer_decays, decay_scale = 4, (3, 24, 24), 0.01, 0.004, {"conv1": 0, "conv2": 0}, 10
    layers = {"conv1": convolution(64, 3, 5), "conv2": convolution(64, 64, 5), "local3": local(36, 64, 3, 32),
              "local4": local(36, 32, 3, 32), "fc10": linear(CLASSES, 1152)}

    def norm(self, x):
        return x

    def logits(self, x):
        x = self.norm(self.max_pool(self.relu(self.conv("conv1", x, pad=2))))
        x = self.max_pool(self.norm(self.relu(self.conv("conv2", x, pad=2))))
        x = self.relu(self.local("local3", x, 3, 1))
        return self.linear("fc10", self.relu(self.local("local4", x, 3, 1)))


class Cifar11pct(Cifar13pct):
    """layers-conv-local-11pct.cfg: local3 is wider; nine maps are normalised together, behind pool1 and before pool2."""
    pixel_size, rate, layer_decays, decay_scale = 20, 2e-4, {"conv1": 0, "conv2": 0, "fc10": 0.01}, 100
    layers = dict(Cifar13pct.layers, local3=local(36, 64, 3, 64), local4=local(36, 64, 3, 32))

    def norm(self, x):
        return across(x, 9, 1e-3 / 9, 1)


FAMILIES = {
    "torchvision": Torchvision, "torchvision-2018": Torchvision2018, "paper": Paper, "paper-run": PaperRun, "owt": Owt,
    "slim": Slim, "caffe": Caffe, "caffenet": CaffeNet, "bn": Bn, "cifar-80sec": Cifar80sec, "cifar-19pct": Cifar19pct,
    "cifar-18pct": Cifar18pct, "cifar-13pct": Cifar13pct, "cifar-11pct": Cifar11pct, "figure1-relu": Figure1Relu,
    "figure1-tanh": Figure1Tanh,
}
