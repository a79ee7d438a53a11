"""K-FAC in PyTorch against K-FAC in NumPy."""

import copy
import io

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer.activations import Rectifier
from optimizer.circuit_settings import CircuitSettings
from optimizer.kfac import Kfac
from optimizer.layers import Dense
from optimizer.ledger import Ledger
from optimizer.losses import cross_entropy_gradients, sample_labels
from optimizer.model import Model, Stage, build_model
from optimizer.preconditioner import make_inverter
from optimizer.settings import ConvolutionShape, KfacSettings
from tests.comparators import assert_close

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402

from optimizer.torch_kfac import KfacPreconditioner  # noqa: E402

SEED, SAMPLES, CLASSES = 3, 20, 4
INACCURATE = {"engine": "exact", "opamp": "single-pole", "programming_error": 0.5e-6}
"""A circuit without simulator, with new random cells in every programming."""
SETTINGS = {
    "learning_rate": 0.2,
    "damping": 0.1,
    "kl_clip": 0.01,
    "factor_interval": 2,
    "first_interval": 2,
    "inverse_interval": 3,
}


def dense_pair():
    """Two dense layers with a rectifier between them, in NumPy and in PyTorch."""
    stages = (Stage("first", Dense((6,), 5), (Rectifier(),)), Stage("second", Dense((5,), CLASSES)))
    return Model(stages), nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, CLASSES)), (6,)


def convolution_pair():
    """Two convolutions, the second with a stride, and a dense layer, in NumPy and in PyTorch."""
    shapes = (ConvolutionShape(channels=3, kernel=3, pool=2), ConvolutionShape(channels=4, kernel=5, stride=2))
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(inplace=True),
        nn.Conv2d(3, 4, 5, stride=2, padding=2), nn.ReLU(inplace=True),
        nn.Flatten(), nn.Linear(16, CLASSES),
    )  # fmt: skip
    return build_model((8, 8), shapes, CLASSES), network, (1, 8, 8)


PAIRS = {"dense": dense_pair, "convolution": convolution_pair}


def matrices(network):
    """The weights of a PyTorch network as the matrices of NumPy, bias in the last column."""
    layers = [module for module in network if hasattr(module, "weight")]
    return tuple(
        np.hstack([layer.weight.detach().flatten(1).numpy(), layer.bias.detach()[:, None].numpy()]) for layer in layers
    )


def batches(shape, count):
    """Batches of images and labels for PyTorch; NumPy has the sample as the last index."""
    random = np.random.default_rng(11)
    for _ in range(count):
        yield random.standard_normal((SAMPLES, *shape)), random.integers(0, CLASSES, SAMPLES)


def train(network, optimizer, preconditioner, data):
    """Weights after each step of a training on these batches."""
    for images, labels in data:
        logits = network(torch.tensor(images))
        preconditioner.sample(logits)
        optimizer.zero_grad()
        cross_entropy(logits, torch.tensor(labels)).backward()
        preconditioner.step()
        optimizer.step()
        yield matrices(network)


def momentum(network):
    """The optimizer of PyTorch that `optimizer.kfac` has built in."""
    return torch.optim.SGD(network.parameters(), lr=SETTINGS["learning_rate"], momentum=0.9)


@pytest.mark.parametrize(
    ("solver", "circuit", "steps", "relative"),
    [("cholesky", {}, 9, 1e-10), ("inv-circuit", INACCURATE, 4, 1e-8)],
    ids=["cholesky", "inv-circuit"],
)
@pytest.mark.parametrize("pair", PAIRS)
def test_the_steps_are_those_of_numpy(pair, solver, circuit, steps, relative):
    """From the same weights, batches and seed both optimizers take the same steps, and the ledgers agree."""
    model, network, shape = PAIRS[pair]()
    network.double()
    weights = tuple(matrix.copy() for matrix in matrices(network))
    preconditioner = KfacPreconditioner(network, solver, circuit, SEED, **SETTINGS)
    inverter = make_inverter(solver, CircuitSettings(**circuit), SEED, Ledger())
    kfac = Kfac(model, KfacSettings(**SETTINGS), inverter, np.random.default_rng([SEED, 2]))
    data = list(batches(shape, steps))
    for (images, labels), found in zip(data, train(network, momentum(network), preconditioner, data), strict=True):
        weights = kfac.step(weights, model.forward(weights, np.moveaxis(images, 0, -1)), labels)
        for one, other in zip(found, weights, strict=True):
            assert_close(one, other, relative=relative, absolute=1e-2 * relative)
    assert len(preconditioner.ledger.inversions) == len(inverter.ledger.inversions) > 2 * len(weights)
    assert preconditioner.ledger.simulated_seconds == pytest.approx(inverter.ledger.simulated_seconds, rel=1e-6)
    assert (preconditioner.ledger.simulated_seconds > 0) == (solver == "inv-circuit")


def prepared(network, **settings):
    """A preconditioner with Cholesky, and the logits and labels of one batch of vectors."""
    preconditioner = KfacPreconditioner(network, "cholesky", seed=SEED, **settings)
    ((images, labels),) = batches((6,), 1)
    parameter = next(network.parameters())
    return preconditioner, network(torch.tensor(images).to(parameter)), torch.tensor(labels)


def test_a_layer_without_bias_has_no_homogeneous_coordinate():
    """Its first step is the dense Kronecker solve with the second moment of the inputs alone, damped by 1."""
    network = nn.Linear(6, CLASSES, bias=False).double()
    preconditioner, logits, labels = prepared(network, damping=1.0, kl_clip=1e9)
    preconditioner.sample(logits)
    cross_entropy(logits, labels).backward()
    gradient = network.weight.grad.numpy().copy()
    preconditioner.step()
    ((images, _),) = batches((6,), 1)
    values = logits.detach().numpy().T
    own = cross_entropy_gradients(values, sample_labels(values, np.random.default_rng([SEED, 2])))
    a, g = images.T @ images / SAMPLES, own @ own.T / SAMPLES
    ratio = np.sqrt(np.trace(a) / 6 / (np.trace(g) / CLASSES))
    wanted = np.linalg.solve(np.kron(g + np.eye(CLASSES) / ratio, a + ratio * np.eye(6)), gradient.ravel())
    assert_close(network.weight.grad.numpy().ravel(), wanted, relative=1e-9, absolute=1e-12)


def test_sampling_leaves_the_gradients_alone():
    """`sample` changes no `.grad`, and `step` none of a parameter outside Linear and Conv2d."""
    network = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, CLASSES)).double()
    preconditioner, logits, labels = prepared(network)
    preconditioner.sample(logits)
    assert all(parameter.grad is None for parameter in network.parameters())
    cross_entropy(logits, labels).backward()
    before = [parameter.grad.clone() for parameter in network.parameters()]
    preconditioner.step()
    same = [torch.equal(parameter.grad, old) for parameter, old in zip(network.parameters(), before, strict=True)]
    assert same == [True, True, False, False]


def test_single_precision_takes_the_same_direction():
    """A network in single precision keeps it, and its gradients are those of double precision, rounded."""
    double = dense_pair()[1].double()
    gradients = []
    for network in (double, copy.deepcopy(double).float()):
        preconditioner, logits, labels = prepared(network)
        preconditioner.sample(logits)
        cross_entropy(logits, labels).backward()
        preconditioner.step()
        gradients.append(network[0].weight.grad)
    assert gradients[1].dtype == torch.float32
    assert_close(gradients[1].numpy(), gradients[0].numpy(), absolute=1e-5 * float(gradients[0].abs().max()))


def test_only_training_passes_count():
    """Passes in evaluation mode, without gradients, or before the last one in training do not enter the factors."""
    network = dense_pair()[1].double()
    preconditioner, _, _ = prepared(network)
    ((images, _),) = batches((6,), 1)
    logits = network(torch.tensor(images))
    with torch.no_grad():
        network[0](torch.tensor(images))
    network.eval()
    network[0](torch.tensor(images))
    preconditioner.sample(logits)


def test_a_loaded_state_continues_the_run():
    """A run that was saved after three steps ends with the weights and the ledger of one without a break."""
    network = dense_pair()[1].double()
    optimizer = momentum(network)
    make = {"solver": "inv-circuit", "circuit": INACCURATE, "seed": SEED, **SETTINGS}
    preconditioner = KfacPreconditioner(network, **make)
    data = list(batches((6,), 6))
    list(train(network, optimizer, preconditioner, data[:3]))
    file = io.BytesIO()
    torch.save([part.state_dict() for part in (network, optimizer, preconditioner)], file)
    file.seek(0)
    *_, wanted = train(network, optimizer, preconditioner, data[3:])

    other = dense_pair()[1].double()
    parts = other, momentum(other), KfacPreconditioner(other, **make)
    for part, state in zip(parts, torch.load(file), strict=True):
        part.load_state_dict(state)
    *_, found = train(*parts, data[3:])
    assert all((one == two).all() for one, two in zip(found, wanted, strict=True))
    assert parts[2].ledger.inversions == preconditioner.ledger.inversions
    with pytest.raises(ParameterError, match=r"state: got weights .*must be those of"):
        KfacPreconditioner(nn.Linear(2, 2), "cholesky").load_state_dict(preconditioner.state_dict())


def test_a_wide_layer_is_inverted_in_blocks():
    """129 inputs with bias make two blocks for the circuit, and `array_limit` cuts for Cholesky, too."""
    network = nn.Linear(128, CLASSES)
    for solver, circuit, settings in (("inv-circuit", INACCURATE, {}), ("cholesky", {}, {"array_limit": 128})):
        preconditioner = KfacPreconditioner(network, solver, circuit, **settings)
        logits = network(torch.randn((SAMPLES, 128), generator=torch.Generator().manual_seed(1)))
        preconditioner.sample(logits)
        cross_entropy(logits, torch.arange(SAMPLES) % CLASSES).backward()
        preconditioner.step()
        assert preconditioner.ledger.blocks == {"Linear.a_factor": 2}
        preconditioner.remove()


def test_removed_hooks_see_nothing():
    """After `remove` a forward pass is not recorded any more."""
    network = nn.Linear(6, CLASSES)
    preconditioner = KfacPreconditioner(network, "cholesky")
    preconditioner.remove()
    with pytest.raises(ParameterError, match="a batch without the layer Linear"):
        preconditioner.sample(network(torch.ones(2, 6)))
