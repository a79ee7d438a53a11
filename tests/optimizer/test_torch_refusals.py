"""Wrong use of K-FAC in PyTorch: one clear line each."""

import pytest

from amc_circuits import ParameterError

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402

from optimizer.torch_kfac import KfacPreconditioner  # noqa: E402

SAMPLES, CLASSES = 20, 4


def prepared(network):
    """A preconditioner with Cholesky, and the logits and labels of one batch of vectors."""
    preconditioner = KfacPreconditioner(network, "cholesky")
    images = torch.randn((SAMPLES, 6), generator=torch.Generator().manual_seed(1))
    return preconditioner, network(images), torch.arange(SAMPLES) % CLASSES


def two_layers():
    """Two layers with a rectifier between them."""
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, CLASSES))


class Reused(nn.Module):
    """A network that uses its first layer so many times."""

    def __init__(self, times):
        super().__init__()
        self.times, self.body, self.head = times, nn.Linear(6, 6), nn.Linear(6, CLASSES)

    def forward(self, x):
        """The logits."""
        for _ in range(self.times):
            x = self.body(x)
        return self.head(x)


def tied():
    """Two layers with one weight."""
    network = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6))
    network[1].weight = network[0].weight
    return network


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.ReLU(), "model: got a ReLU without a trained Linear or Conv2d; add one"),
        (nn.Linear(2, 2).requires_grad_(False), "a Linear without a trained"),
        (tied(), "one weight of 0 and 1; give each layer its own"),
        (nn.Conv2d(1, 2, (3, 5)), r"Conv2d with kernel_size=\(3, 5\); K-FAC covers one number"),
        (nn.Conv2d(1, 2, 3, stride=(1, 2)), r"Conv2d with stride=\(1, 2\)"),
        (nn.Conv2d(1, 2, 3, padding="same"), "Conv2d with padding='same'"),
        (nn.Conv2d(1, 2, 3, dilation=2), r"Conv2d with dilation=\(2, 2\); K-FAC covers \(1, 1\) only"),
        (nn.Conv2d(2, 2, 3, groups=2), "Conv2d with groups=2"),
        (nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"), "Conv2d with padding_mode='reflect'"),
    ],
)
def test_networks_that_are_not_covered_are_refused_at_once(network, message):
    """The preconditioner cannot be made for them; the error is one line that names the layer."""
    with pytest.raises(ParameterError, match=message) as refusal:
        KfacPreconditioner(network, "inv-circuit", {"engine": "exact"})
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"solver": "lu"}, "solver: got 'lu'; must be 'cholesky' or 'inv-circuit'"),
        ({"damping": -1.0}, "damping: got -1.0; must be greater than 0"),
        ({"dampening": 1.0}, "dampening: got an unknown name"),
        ({"momentum": 0.5}, "momentum: got 0.5; leave it out; the torch optimizer has its own"),
        ({"weight_decay": 0.1}, "weight_decay: got 0.1; leave it out; the torch optimizer has its own"),
        ({"schedule": "cosine"}, "schedule: got cosine; leave it out; the torch optimizer has its own"),
        ({"solver": "cholesky", "circuit": {"jobs": 2}}, "circuit.jobs: got 2; has no effect with the solver cholesky"),
        ({"circuit": {"opamp": "none-such"}}, "opamp: got 'none-such'"),
        ({"circuit": "ngspice"}, "circuit: got 'ngspice'; must be of type Mapping or NoneType; fields of"),
        ({"circuit": {3: "x"}}, "circuit.3: got a name that is no text"),
    ],
)
def test_wrong_settings_are_refused_at_once(arguments, message):
    """Names, ranges and settings without an effect are checked before any training."""
    with pytest.raises(ParameterError, match=message):
        KfacPreconditioner(nn.Linear(2, 2), **arguments)


def test_what_is_no_network_and_no_state_is_refused():
    """The error names the parameter, and what a state lacks."""
    with pytest.raises(ParameterError, match="model: got None; must be of type Module"):
        KfacPreconditioner(None)
    preconditioner = KfacPreconditioner(nn.Linear(2, 2), "cholesky")
    whole = preconditioner.state_dict()
    for state in ({}, *({key: value for key, value in whole.items() if key != name} for name in whole)):
        with pytest.raises(ParameterError, match="state: got a mapping without"):
            preconditioner.load_state_dict(state)
    with pytest.raises(ParameterError, match="state: got None; must be of type Mapping"):
        preconditioner.load_state_dict(None)


def test_a_step_needs_both_backward_passes():
    """Without `sample` or `loss.backward()`, and in the wrong order of the two, the error names the missing call."""
    preconditioner, logits, labels = prepared(two_layers())
    with pytest.raises(ParameterError, match=r"grad: got none for the layer 0; call loss\.backward\(\) before step"):
        preconditioner.step()
    cross_entropy(logits, labels).backward()
    with pytest.raises(ParameterError, match=r"sample: got no call before step; call sample\(logits\) before loss"):
        preconditioner.step()
    with pytest.raises(ParameterError, match=r"that loss\.backward\(\) has freed; call sample\(logits\) before"):
        preconditioner.sample(logits)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Reused(2), "2 calls of the layer body; a batch may use each layer once"),
        (Reused(0), "a batch without the layer body; a forward pass in training mode"),
        (Reused(1).eval(), "a batch without the layer body"),
        (nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Linear(6, CLASSES), nn.Flatten()), r"shape \(1, 6\) in the layer 1"),
        (nn.Sequential(nn.Linear(6, 6), nn.Unflatten(1, (2, 3))), r"logits: got the shape \(20, 2, 3\)"),
        (nn.Sequential(nn.Unflatten(1, (2, 3)), nn.Conv2d(20, 2, 1), nn.Flatten()), r"shape \(2, 3\) in the layer 1"),
    ],
)
def test_a_batch_that_is_not_covered_is_refused(network, message):
    """A layer used twice or not at all, and values of another shape, are named in one line."""
    preconditioner, logits, _ = prepared(network)
    with pytest.raises(ParameterError, match=message):
        preconditioner.sample(logits)


def test_logits_of_another_batch_are_refused():
    """Logits must have gradients and come from the last forward pass."""
    preconditioner, logits, _ = prepared(two_layers())
    with pytest.raises(ParameterError, match="requires_grad=False; must be samples x classes, with gradients"):
        preconditioner.sample(logits.detach())
    with pytest.raises(ParameterError, match="values without the layer 0; they must depend on every layer"):
        preconditioner.sample(torch.zeros(SAMPLES, CLASSES, requires_grad=True))
