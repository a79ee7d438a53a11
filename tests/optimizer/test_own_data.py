"""Data of one's own: the digits from files of each format, features, colours, normalisation, split."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris

from amc_circuits import ParameterError
from amc_circuits.cli.app import run
from optimizer.data_settings import DataSettings
from optimizer.datasets import load_dataset
from optimizer.network import build_network
from optimizer.own_data import load_data, load_own
from optimizer.specification import TrainingSpec, make_spec, override
from optimizer.sweep_run import complete, spec_of
from optimizer.training import Training
from tests.comparators import assert_close
from tests.optimizer.digit_files import FORMATS, IMAGES, LABELS, pngs

SHORT = {"batch_size": 100, "epochs": 1, "target_accuracy": 0.999}


def own(**settings):
    """The data set of these settings."""
    return load_own(DataSettings(**settings))


@pytest.fixture(scope="module")
def digits_run():
    """A training on the bundled digits."""
    return Training(TrainingSpec(**SHORT)).run()


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_the_digits_train_alike_from_every_format(tmp_path, digits_run, write):
    """With the default split and the same normalisation the weights are those of `dataset = "digits"`, bit for bit."""
    found = Training(make_spec({**SHORT, "data": write(tmp_path)})).run()
    assert found.data["normalisation"] == digits_run.data["normalisation"]
    assert all(map(np.array_equal, found.weights, digits_run.weights))
    assert [entry.accuracy for entry in found.history] == [entry.accuracy for entry in digits_run.history]


def test_pictures_in_folders_train_as_the_same_images_in_an_array(tmp_path):
    """Folders in the order of their names, pictures in that of theirs: the digits, sorted by their labels."""
    order = np.argsort(LABELS, kind="stable")
    np.savez(tmp_path / "sorted.npz", X=IMAGES[order], y=LABELS[order])
    (tmp_path / "pictures").mkdir()
    pictures = {**SHORT, "data": pngs(tmp_path / "pictures")}
    both = [
        Training(make_spec(one)).run() for one in (pictures, {**SHORT, "data": {"train": str(tmp_path / "sorted.npz")}})
    ]
    assert all(map(np.array_equal, both[0].weights, both[1].weights))


def test_test_files_are_for_scoring_alone(tmp_path):
    """The parts of the digits in files of their own give the data set of the digits; so do names in one file."""
    digits = load_dataset("digits")
    parts = {
        "a": digits.train_images, "b": digits.train_labels, "c": digits.test_images, "d": digits.test_labels,
    }  # fmt: skip
    np.savez(tmp_path / "all.npz", **parts)
    np.savez(tmp_path / "train.npz", X=parts["a"], y=parts["b"])
    np.savez(tmp_path / "test.npz", X=parts["c"], y=parts["d"])
    names = {"x_name": "a", "y_name": "b", "test_x_name": "c", "test_y_name": "d"}
    for found in (
        own(train=str(tmp_path / "all.npz"), **names),
        own(train=str(tmp_path / "train.npz"), test=str(tmp_path / "test.npz")),
    ):
        assert (found.mean, found.deviation) == (digits.mean, digits.deviation)
        assert np.array_equal(found.train_images, digits.train_images)
        assert np.array_equal(found.test_labels, digits.test_labels)


def iris(folder):
    """The table of iris, names of species as labels."""
    flowers = load_iris()
    rows = [[*map(str, row), str(flowers.target_names[k])] for row, k in zip(flowers.data, flowers.target, strict=True)]
    text = "\n".join(",".join(row) for row in [[*flowers.feature_names, "species"], *rows])
    (folder / "iris.csv").write_text(text)
    return str(folder / "iris.csv"), flowers


def test_a_table_of_features_is_learned_by_dense_layers(tmp_path):
    """Iris: words as labels, each feature normalised alone, one hidden layer by default; 9 of 10 are right."""
    path, flowers = iris(tmp_path)
    spec = make_spec({"data": {"train": path}, "batch_size": 30, "epochs": 20, "target_accuracy": 0.9})
    training = Training(spec)
    assert [stage.name for stage in training.model.stages] == ["dense1", "dense"]
    assert training.dataset.class_names == tuple(flowers.target_names)
    x = training.dataset.network_input(training.dataset.train_images)
    assert_close(x.mean(axis=1), np.zeros(4), absolute=1e-12)
    assert_close(x.std(axis=1), np.ones(4), absolute=1e-12)
    result = training.run()
    assert result.epochs_to_target is not None
    assert result.data["sample_shape"] == [4]


def test_the_split_takes_its_part_and_its_seed(tmp_path):
    """Every sample is in one part; another seed gives other parts."""
    np.savez(tmp_path / "x.npz", X=np.arange(40.0).reshape(20, 2), y=np.arange(20) % 2)
    first, second = (own(train=str(tmp_path / "x.npz"), split=0.7, split_seed=seed) for seed in (1, 2))
    assert (len(first.train_images), len(first.test_images)) == (14, 6)
    together = np.concatenate([first.train_images, first.test_images])
    assert sorted(together[:, 0].tolist()) == list(range(0, 40, 2))
    assert np.array_equal(first.train_labels, first.train_images[:, 0] / 2 % 2)
    assert not np.array_equal(first.test_images, second.test_images)


def colours():
    """40 images of 6 x 5 pixels and three channels of different scales, and their labels."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (40, 6, 5, 3)).astype(np.uint8) // [1, 2, 4], np.arange(40) % 4


def test_colours_are_the_channels_of_the_network(tmp_path):
    """Height, width and channels in the file, channels first in the network, from arrays and from pictures."""
    images, labels = colours()
    np.savez(tmp_path / "colours.npz", X=images.astype(np.uint8), y=labels)
    found = own(train=str(tmp_path / "colours.npz"), normalisation="none")
    assert found.input_shape == (3, 6, 5)
    x = found.network_input(found.train_images)
    assert (x[2, 4, 3, 7], x.shape) == (found.train_images[7, 4, 3, 2], (3, 6, 5, 32))
    (tmp_path / "pictures").mkdir()
    order = np.argsort(labels, kind="stable")
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        (tmp_path / "pictures" / str(label)).mkdir(exist_ok=True)
        Image.fromarray(image.astype(np.uint8)).save(tmp_path / "pictures" / str(label) / f"{place:02}.png")
    pictures = own(train=str(tmp_path / "pictures"))
    np.savez(tmp_path / "sorted.npz", X=images[order], y=labels[order])
    assert np.array_equal(pictures.train_images, own(train=str(tmp_path / "sorted.npz")).train_images)
    spec = TrainingSpec(model={"layers": ["conv 4 3 pool 2", "dense 7", "dense 4"]})
    shapes = build_network(spec, found).weight_shapes
    assert shapes == {"conv1": (4, 28), "dense1": (7, 25), "dense": (4, 8)}


@pytest.mark.parametrize(
    ("normalisation", "axes"), [("overall", (1, 2, 3, 4)), ("per-channel", (2, 3, 4)), ("per-feature", (4,))]
)
def test_normalisation_makes_mean_0_and_deviation_1(tmp_path, normalisation, axes):
    """Over all values, over each channel, or over each pixel of the training part."""
    images, labels = colours()
    np.savez(tmp_path / "colours.npz", X=images, y=labels)
    found = own(train=str(tmp_path / "colours.npz"), normalisation=normalisation)
    x = found.network_input(found.train_images)[None]
    assert_close(x.mean(axis=axes), np.zeros_like(x.mean(axis=axes)), absolute=1e-12)
    assert_close(x.std(axis=axes), np.ones_like(x.std(axis=axes)), absolute=1e-12)
    assert found.description["normalisation"].startswith(normalisation)


def test_a_feature_that_never_changes_becomes_zero(tmp_path):
    """Its deviation counts as 1."""
    np.savez(tmp_path / "x.npz", X=np.column_stack([np.full(20, 7.0), np.arange(20)]), y=np.arange(20) % 2)
    found = own(train=str(tmp_path / "x.npz"))
    assert (found.network_input(found.test_images)[0] == 0).all()


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["1_12", "11_2"], ("11_2", "1_12")),
        (["01", "1"], ("01", "1")),
        (["1e1", "10"], ("10", "1e1")),
        (["9007199254740992", "9007199254740993"], ("9007199254740992", "9007199254740993")),
        (["99999999999999999998", "99999999999999999999"], ("99999999999999999998", "99999999999999999999")),
        (np.array([2**53, 2**53 + 1]), ("9007199254740992", "9007199254740993")),
        (np.array([2**64 - 1, 2**64 - 2], np.uint64), ("18446744073709551614", "18446744073709551615")),
        (np.array([b"\xff", b"\xfe"]), ("\\xfe", "\\xff")),
        (["10", "9.0"], ("9", "10")),
        (np.array([10.0, -9.0]), ("-9", "10")),
        (np.array([True, False]), ("0", "1")),
    ],
)
def test_different_labels_are_different_classes(tmp_path, labels, names):
    """However alike they are as floats; whole numbers have one name in each way to store them."""
    np.savez(tmp_path / "x.npz", X=np.arange(40.0).reshape(20, 2), y=np.asarray(labels)[np.arange(20) % 2])
    found = own(train=str(tmp_path / "x.npz"))
    assert found.class_names == names
    assert sorted(np.bincount(found.train_labels) + np.bincount(found.test_labels)) == [10, 10]


def test_a_constant_that_no_float_represents_becomes_zero_too(tmp_path):
    """The rounding of its mean is no deviation, also where all values of the data set are this constant."""
    constant = np.column_stack([np.full(30, 0.1), np.arange(30)])
    np.savez(tmp_path / "x.npz", X=constant, y=np.arange(30) % 2)
    found = own(train=str(tmp_path / "x.npz"))
    assert found.deviation[0, 0] == 1
    np.savez(tmp_path / "x.npz", X=np.full((30, 3), 0.1), y=np.arange(30) % 2)
    assert own(train=str(tmp_path / "x.npz"), normalisation="overall").deviation == 1


def test_values_that_differ_little_beside_their_mean_keep_their_differences(tmp_path):
    """Times in seconds since 1970, normalised in single precision, are those without the offset."""
    values = np.random.default_rng(0).standard_normal((40, 2))
    offset = (values + 1.7e9) - 1.7e9  # what a double of this size keeps
    inputs = []
    for name, samples in (("with", offset + 1.7e9), ("without", offset)):
        np.savez(tmp_path / f"{name}.npz", X=samples, y=np.arange(40) % 2)
        found = own(train=str(tmp_path / f"{name}.npz"))
        inputs.append(found.network_input(found.train_images, np.float32))
    assert inputs[0].dtype == np.float32
    assert_close(inputs[0], inputs[1], absolute=1e-6)


def test_a_grey_image_has_one_channel(tmp_path):
    """Normalised by channel, grey images are normalised as by all their values."""
    images = np.random.default_rng(1).integers(0, 256, (40, 6, 5)) // [1, 2, 4, 8, 16]
    np.savez(tmp_path / "x.npz", X=images, y=np.arange(40) % 2)
    channel, overall = (own(train=str(tmp_path / "x.npz"), normalisation=by) for by in ("per-channel", "overall"))
    assert_close(
        channel.network_input(channel.train_images), overall.network_input(overall.train_images), absolute=1e-12
    )


def test_options_keep_the_data_of_a_specification(tmp_path):
    """A specification with data and layers is the same after an override and after its plain content is read again."""
    path, _ = iris(tmp_path)
    spec = make_spec({"data": {"train": path, "test": path}, "model": {"layers": ["dense 8", "dense"]}})
    assert override(spec, seed=0, epochs=2).data == spec.data
    assert TrainingSpec.model_validate(spec.model_dump(mode="json")) == spec
    assert "dataset" not in spec.model_dump()
    assert load_data(spec).classes == 3


def test_the_default_network_stays_the_default(tmp_path):
    """A specification of a table, read again from its plain content or a point of a sweep, has the same network."""
    path, _ = iris(tmp_path)
    given = {"data.train": path, "batch_size": 30, "epochs": 1.0}
    spec = make_spec({"data": {"train": path}, "batch_size": 30, "epochs": 1})
    wanted = Training(spec).model.weight_shapes
    assert list(wanted) == ["dense1", "dense"]
    for other in (TrainingSpec.model_validate(spec.model_dump(mode="json")), spec_of(given), spec_of(complete(given))):
        assert Training(other).model.weight_shapes == wanted
    assert complete(complete(given)) == complete(given)
    none = make_spec({"data": {"train": path}, "convolutions": [], "batch_size": 30})
    again = TrainingSpec.model_validate(none.model_dump(mode="json"))
    assert list(Training(again).model.weight_shapes) == ["dense"]


def test_a_training_on_a_table_is_resumed_from_its_folder(tmp_path):
    """Without its specification, by `--resume` alone."""
    path, _ = iris(tmp_path)
    (tmp_path / "spec.toml").write_text(f'batch_size = 30\nepochs = 1\n[data]\ntrain = "{path}"\n')
    out = ["--out", str(tmp_path / "out")]
    code = run(["train", str(tmp_path / "spec.toml"), *out])
    assert code in (0, 3)
    (tmp_path / "out" / "summary.json").unlink()
    assert run(["train", *out, "--resume"]) == code


def test_the_read_out_has_one_output_for_each_class(tmp_path):
    """Another width is refused with the number of classes; a convolution on features is refused, too."""
    path, _ = iris(tmp_path)
    data = load_own(DataSettings(train=path))
    for layers, words in (
        (["dense 5"], "dense 5; the data has 3 classes"),
        (["conv 4 3", "dense"], r"conv1 on samples of shape \(4,\); .*take dense layers"),
    ):
        with pytest.raises(ParameterError, match=rf"model\.layers: got {words}"):
            build_network(TrainingSpec(model={"layers": layers}), data)
