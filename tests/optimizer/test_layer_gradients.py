"""Layers and whole networks against finite differences, SciPy's correlation and PyTorch's autograd."""

import numpy as np
import pytest
from scipy.signal import correlate2d

from optimizer.activations import MaxPool, Rectifier, Tanh
from optimizer.first_order import loss_gradients
from optimizer.layers import Convolution, Dense
from optimizer.losses import cross_entropy
from optimizer.model import build_model
from optimizer.settings import ConvolutionShape, DenseShape
from tests.comparators import assert_close
from tests.optimizer.differences import central_differences

CONVOLUTIONS = [
    Convolution((2, 5, 4), 3, kernel=3),
    Convolution((2, 5, 4), 3, kernel=3, padding=1),
    Convolution((1, 6, 5), 2, kernel=3, stride=2, padding=1),
    Convolution((2, 7, 7), 2, kernel=3, stride=2),
    Convolution((1, 6, 6), 2, kernel=5, stride=3, padding=2),
    Convolution((3, 4, 4), 2, kernel=1),
]
WEIGHTED = [Dense((4,), 3), Dense((2, 3, 2), 5), *CONVOLUTIONS]


def drawn(*shape, seed=0):
    """Standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("layer", WEIGHTED)
def test_gradients_of_layers_with_weights(layer):
    """Weight gradient `g a^T` and input gradient equal central differences of a random projection of the output."""
    x, weight = drawn(*layer.input_shape, 3), drawn(*layer.weight_shape, seed=1)
    projection = drawn(*layer.output_shape, 3, seed=2)

    def projected(x, weight):
        return float(np.sum(projection * layer.forward(weight, layer.columns(x))))

    a, g = layer.columns(x), layer.output_gradients(projection)
    assert_close(g @ a.T, central_differences(lambda w: projected(x, w), weight), absolute=1e-7)
    assert_close(layer.input_gradient(weight, g), central_differences(lambda v: projected(v, weight), x), absolute=1e-7)


@pytest.mark.parametrize("layer", CONVOLUTIONS)
def test_convolution_is_the_correlation_of_scipy(layer):
    """Each feature map is the sum over the channels of SciPy's correlations, taken every `stride`, plus the bias."""
    x, weight = drawn(*layer.input_shape, 2), drawn(*layer.weight_shape, seed=1)
    filters = weight[:, :-1].reshape(layer.channels, -1, layer.kernel, layer.kernel)
    margin = ((0, 0), (layer.padding, layer.padding), (layer.padding, layer.padding), (0, 0))
    padded = np.pad(x, margin)
    got = layer.forward(weight, layer.columns(x))
    for sample in range(2):
        for channel, kernels in enumerate(filters):
            maps = [correlate2d(padded[c, :, :, sample], kernel, "valid") for c, kernel in enumerate(kernels)]
            wanted = np.sum(maps, axis=0)[:: layer.stride, :: layer.stride] + weight[channel, -1]
            assert_close(got[channel, :, :, sample], wanted, absolute=1e-12)


@pytest.mark.parametrize("layer", [Rectifier(), Tanh(), MaxPool(2), MaxPool(3)])
def test_gradients_of_layers_without_weights(layer):
    """The input gradient equals central differences, also where rows and columns do not fill the last block."""
    x = drawn(2, 7, 5, 3)
    y, memory = layer.forward(x)
    assert y.shape == (*layer.output_shape(x.shape[:-1]), 3)
    projection = drawn(*y.shape, seed=1)
    wanted = central_differences(lambda v: float(np.sum(projection * layer.forward(v)[0])), x)
    assert_close(layer.backward(memory, projection), wanted, absolute=1e-7)


@pytest.mark.parametrize(
    ("shape", "hidden"),
    [
        ((6,), (DenseShape(outputs=5), DenseShape(outputs=4))),
        ((3, 5, 4), (ConvolutionShape(channels=2, kernel=3, pool=2), DenseShape(outputs=4))),
        ((5, 4), (DenseShape(outputs=3),)),
        (
            (6,),
            (DenseShape(outputs=5, activation="tanh"), DenseShape(outputs=4), DenseShape(outputs=3, activation="tanh")),
        ),
    ],
)
def test_gradients_of_networks_with_hidden_dense_layers(shape, hidden):
    """Each weight's gradient of the mean cross-entropy equals central differences, for features and images."""
    model = build_model(shape, hidden, 3)
    weights = tuple(drawn(*stage.layer.weight_shape, seed=place) for place, stage in enumerate(model.stages))
    samples, labels = drawn(*model.stages[0].layer.input_shape, 7, seed=9), np.arange(7) % 3
    gradients = loss_gradients(model, weights, model.forward(weights, samples), labels)
    for place, gradient in enumerate(gradients):

        def loss(weight, place=place):
            changed = (*weights[:place], weight, *weights[place + 1 :])
            return cross_entropy(model.logits(changed, samples), labels)

        assert_close(gradient, central_differences(loss, weights[place]), absolute=1e-7)


def test_pooling_shares_the_gradient_among_equal_values():
    """A block of equal values passes the whole gradient on, in equal parts."""
    pool = MaxPool(2)
    _, memory = pool.forward(np.ones((1, 2, 2, 1)))
    assert_close(pool.backward(memory, np.full((1, 1, 1, 1), 8.0)), np.full((1, 2, 2, 1), 2.0))


@pytest.fixture
def network():
    """A small network with everything in it, its weights, images and labels."""
    shapes = (ConvolutionShape(channels=3, kernel=3, pool=2), ConvolutionShape(channels=4, kernel=3, stride=2))
    model = build_model((8, 6), shapes, 5)
    random = np.random.default_rng(4)
    weights = tuple(weight + 0.1 * random.standard_normal(weight.shape) for weight in model.initial_weights(random))
    return model, weights, random.standard_normal((1, 8, 6, 7)), random.integers(0, 5, 7)


def test_gradients_of_a_network(network):
    """Every weight's gradient of the mean loss equals central differences."""
    model, weights, images, labels = network
    passed = model.forward(weights, images)
    assert np.array_equal(passed.logits, model.logits(weights, images))
    got = loss_gradients(model, weights, passed, labels)
    for number in range(len(weights)):

        def loss(weight, number=number):
            changed = (*weights[:number], weight, *weights[number + 1 :])
            return cross_entropy(model.logits(changed, images), labels)

        assert_close(got[number], central_differences(loss, weights[number]), absolute=1e-7)


def test_gradients_of_a_network_against_autograd(network):
    """Loss and gradients equal those of PyTorch in double precision."""
    torch = pytest.importorskip("torch")
    model, weights, images, labels = network
    tensors = [torch.tensor(weight, requires_grad=True) for weight in weights]
    functional = torch.nn.functional

    def convolution(x, weight, channels, stride):
        return functional.conv2d(x, weight[:, :-1].reshape(-1, channels, 3, 3), weight[:, -1], stride, padding=1)

    x = torch.tensor(np.moveaxis(images, -1, 0))
    x = functional.max_pool2d(functional.relu(convolution(x, tensors[0], 1, 1)), 2)
    x = functional.relu(convolution(x, tensors[1], 3, 2)).flatten(1)
    loss = functional.cross_entropy(x @ tensors[2][:, :-1].T + tensors[2][:, -1], torch.tensor(labels))
    loss.backward()
    assert cross_entropy(model.logits(weights, images), labels) == pytest.approx(loss.item(), rel=1e-12)
    for got, tensor in zip(
        loss_gradients(model, weights, model.forward(weights, images), labels), tensors, strict=True
    ):
        assert_close(got, tensor.grad.numpy(), absolute=1e-12)


def test_single_precision_stays_single(network):
    """Neither the forward nor the backward pass turns single precision into double."""
    model, weights, images, labels = network
    single = tuple(weight.astype(np.float32) for weight in weights)
    passed = model.forward(single, images.astype(np.float32))
    assert passed.logits.dtype == np.float32
    assert {gradient.dtype for gradient in loss_gradients(model, single, passed, labels)} == {np.dtype(np.float32)}
