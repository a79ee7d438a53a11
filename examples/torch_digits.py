"""A small PyTorch network learns scikit-learn's digits; simulated INV circuits invert K-FAC's factors.

Needs `pip install 'amc[torch]'`. Takes about half a minute with the exact engine, which is the exact linear
solution; `--engine ngspice` simulates the circuits in ngspice.
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

from amc_circuits import format_quantity
from optimizer.torch_kfac import KfacPreconditioner

BATCH, LEARNING_RATE = 64, 0.1


def digits() -> tuple[torch.Tensor, ...]:
    """Images `samples x 1 x 8 x 8`, standardised, and labels, each for training and for the test."""
    images, labels = load_digits(return_X_y=True)
    order = torch.randperm(len(labels))
    x, y = torch.tensor(images, dtype=torch.float32)[order].reshape(-1, 1, 8, 8), torch.tensor(labels)[order]
    split = 4 * len(y) // 5
    x = (x - x[:split].mean()) / x[:split].std()
    return x[:split], y[:split], x[split:], y[split:]


def network() -> nn.Module:
    """Two convolutions and a dense layer; no factor is wider than 73, and an array takes 128."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


def main() -> None:
    """Train, and print accuracy and the cost of the inversions after each epoch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="exact", help="engine that simulates the circuits")
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()

    torch.manual_seed(0)
    x, y, test_x, test_y = digits()
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=0.9)
    preconditioner = KfacPreconditioner(
        model, "inv-circuit", {"engine": options.engine}, learning_rate=LEARNING_RATE, first_interval=10
    )
    for epoch in range(1, options.epochs + 1):
        for chosen in torch.randperm(len(y)).split(BATCH):
            logits = model(x[chosen])
            preconditioner.sample(logits)
            loss = nn.functional.cross_entropy(logits, y[chosen])
            optimizer.zero_grad()
            loss.backward()
            preconditioner.step()
            optimizer.step()
        with torch.no_grad():
            accuracy = (model(test_x).argmax(1) == test_y).double().mean().item()
        ledger = preconditioner.ledger
        print(
            f"epoch {epoch}: accuracy {accuracy:.1%}, {len(ledger.inversions)} inversions, "
            f"{ledger.right_hand_sides} solves, {format_quantity(ledger.simulated_seconds, 's')} simulated, "
            f"{format_quantity(ledger.joules, 'J')}"
        )


if __name__ == "__main__":
    main()
