"""MNIST: the bundled subset, the user's own file, the cache, the download, and being offline."""

import hashlib
import http.server
import importlib.util
import io
import os
import re
import socket
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from course_lib.data import (
    DataError,
    archive,
    download,
    find_full_mnist,
    held_back,
    load_mnist,
    mnist,
    problem_with_full_mnist,
)
from course_lib.data import make_subset as maker
from course_lib.data.errors import DamagedFileError
from course_lib.data.held_back import HELD_BACK_FILE, held_back_digits
from course_lib.data.warped import warped

# Taken before the fixture below hides it from load_mnist.
REAL_MNIST = os.environ.get("COURSE_MNIST")

no_network = pytest.mark.disable_socket
this_machine_only = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(autouse=True)
def fresh_machine(tmp_path, monkeypatch):
    """No file named, an empty Keras cache, nothing said yet."""
    monkeypatch.delenv("COURSE_MNIST", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(mnist, "_offline_was_said", False)


def tiny_arrays(**changes):
    rng = np.random.default_rng(0)
    ink = rng.random((40, 28, 28)) < 0.2  # mostly background, as in MNIST: so deflate has work
    images = ink * rng.integers(0, 256, ink.shape, np.uint8)
    arrays = {
        "x_train": images[:30],
        "y_train": np.arange(30, dtype=np.uint8) % 10,
        "x_test": images[30:],
        "y_test": np.arange(10, dtype=np.uint8),
    }
    return {key: value for key, value in {**arrays, **changes}.items() if value is not None}


def packed(arrays, save=np.savez_compressed):
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def assert_is_tiny(data):
    expected = tiny_arrays()
    np.testing.assert_array_equal(data.x_train, (expected["x_train"] / 255).astype(np.float32))
    np.testing.assert_array_equal(data.y_test, expected["y_test"])


@pytest.fixture
def tiny_is_mnist(monkeypatch):
    """Let the tiny set play the published one."""
    arrays = tiny_arrays()
    content = b"".join(arrays[key].tobytes() for key in archive.KEYS)
    monkeypatch.setattr(archive, "FULL_MNIST_DIGEST", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(download, "MNIST_SHA256", hashlib.sha256(packed(arrays)).hexdigest())


@pytest.fixture
def server(tiny_is_mnist, monkeypatch):
    """A web server on this machine that offers the tiny set; what it answers can be changed."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests += 1
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(self.server.promised or len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *arguments):
            """Keep the test output quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.body, server.status, server.promised = packed(tiny_arrays()), 200, None
        server.requests = 0
        monkeypatch.setattr(
            download, "MNIST_URL", f"http://127.0.0.1:{server.server_port}/mnist.npz"
        )
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def unplugged(monkeypatch):
    """A download address at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(download, "MNIST_URL", f"http://127.0.0.1:{port}/mnist.npz")


def write_cache(content):
    cached = download.cache_file()
    cached.parent.mkdir(parents=True)
    cached.write_bytes(content)
    return cached


# The bundled subset


@no_network
def test_the_subset_needs_no_network():
    data = load_mnist()
    assert data.name == "subset"
    assert data.x_train.shape == (10_000, 28, 28)
    assert data.x_test.shape == (2_000, 28, 28)
    assert data.y_train.shape == (10_000,)
    assert data.y_test.shape == (2_000,)
    assert data.x_train.dtype == data.x_test.dtype == np.float32
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert data.x_train.min() == data.x_test.min() == 0
    assert data.x_train.max() == data.x_test.max() == 1


@no_network
def test_each_digit_has_its_share_of_the_subset():
    data = load_mnist()
    full_train = np.array([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    full_test = np.array([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    assert np.all(np.abs(np.bincount(data.y_train) - full_train / 6) < 1)
    assert np.all(np.abs(np.bincount(data.y_test) - full_test / 5) < 1)


@no_network
def test_the_pictures_belong_to_their_labels():
    data = load_mnist()
    means = np.stack([data.x_train[data.y_train == digit].mean(axis=0) for digit in range(10)])
    distance = np.square(data.x_test[:500, None] - means).sum(axis=(2, 3))
    accuracy = np.mean(distance.argmin(axis=1) == data.y_test[:500])
    assert accuracy > 0.7  # guessing gives 0.1, the nearest mean about 0.8


def test_the_subset_is_small_and_names_its_origin():
    assert mnist.SUBSET_FILE.stat().st_size <= 2_500_000
    with np.load(mnist.SUBSET_FILE) as subset:
        for split, count, size in (("train", 10_000, 60_000), ("test", 2_000, 10_000)):
            index = subset[f"index_{split}"]
            assert len(np.unique(index)) == len(index) == count
            assert index.max() < size
            assert np.any(np.diff(index.astype(int)) < 0)  # shuffled


@pytest.mark.skipif(not REAL_MNIST, reason="COURSE_MNIST doesn't name the full MNIST")
def test_the_subset_is_made_from_the_full_set():
    full = archive.read_arrays(Path(REAL_MNIST))
    made = maker.make_subset(full)
    with np.load(mnist.SUBSET_FILE) as bundled:
        assert set(bundled.files) == set(made)
        for key in made:
            np.testing.assert_array_equal(bundled[key], made[key], err_msg=key)


def test_the_maker_writes_the_same_bytes_twice(tmp_path, tiny_is_mnist, monkeypatch, capsys):
    monkeypatch.setattr(maker, "TRAIN", 20)
    monkeypatch.setattr(maker, "TEST", 5)
    monkeypatch.setattr(maker, "HELD_BACK", 2)
    full, one, two = (tmp_path / name for name in ("full.npz", "one.npz", "two.npz"))
    full.write_bytes(packed(tiny_arrays()))
    for target in (one, two):
        maker.main([str(full), str(target)])
    assert one.read_bytes() == two.read_bytes()
    assert "MB" in capsys.readouterr().out
    with np.load(one) as subset:
        arrays = tiny_arrays()
        np.testing.assert_array_equal(subset["x_train"], arrays["x_train"][subset["index_train"]])
        assert np.all(np.bincount(subset["y_train"]) == 2)


def test_held_back_images_are_in_no_other_split(tiny_is_mnist, monkeypatch):
    monkeypatch.setattr(maker, "TRAIN", 20)
    monkeypatch.setattr(maker, "TEST", 5)
    monkeypatch.setattr(maker, "HELD_BACK", 2)
    full = tiny_arrays()
    subset, held_back = maker.make_subset(full), maker.make_held_back(full)
    parts = [subset["x_test"], held_back["x_check"], held_back["x_validate"]]
    images = [image.tobytes() for part in parts for image in part]
    assert len(set(images)) == len(images) == 9
    assert set(images) <= {image.tobytes() for image in full["x_test"]}


@pytest.mark.skipif(not REAL_MNIST, reason="COURSE_MNIST doesn't name the full MNIST")
def test_the_held_back_images_are_made_from_the_full_set():
    made = maker.make_held_back(archive.read_arrays(Path(REAL_MNIST)))
    with np.load(HELD_BACK_FILE) as bundled:
        assert set(bundled.files) == set(made)
        for key in made:
            np.testing.assert_array_equal(bundled[key], made[key], err_msg=key)


@pytest.mark.parametrize("how", ["damaged", "gone", "another file"])
def test_held_back_digits_of_a_bad_file_are_refused(how, tmp_path, monkeypatch):
    file = tmp_path / "mnist_held_back.npz"
    if how == "damaged":
        file.write_bytes(HELD_BACK_FILE.read_bytes()[:1000])
    elif how == "another file":
        np.savez(file, x_validate=np.zeros((1, 28, 28), np.uint8))
    monkeypatch.setattr(held_back, "HELD_BACK_FILE", file)
    with pytest.raises(DamagedFileError, match="install course-lib again"):
        held_back_digits("check", 0)


def test_held_back_digits_are_drawn_anew_and_warped_a_little():
    x, y = held_back_digits("check", 3)
    assert (x.shape, x.dtype, y.shape) == ((2000, 28, 28), np.float32, (2000,))
    assert 0 <= x.min() < x.max() <= 1
    same, _ = held_back_digits("check", 3)
    other, labels = held_back_digits("check", 4)
    np.testing.assert_array_equal(x, same)
    np.testing.assert_array_equal(np.bincount(y), np.bincount(labels))
    seen = {image.tobytes() for image in x}
    assert not seen & {image.tobytes() for image in other}
    assert not seen & {image.tobytes() for image in load_mnist().x_test}
    with pytest.raises(ValueError, match="split is one of"):
        held_back_digits("test", 0)


def test_a_warp_of_no_strength_changes_nothing_and_a_strong_one_keeps_the_ink():
    x = load_mnist().x_test[:50]
    np.testing.assert_allclose(warped(x, 0, strength=0), x, atol=1e-6)
    ink = warped(x, 1).sum(axis=(1, 2)) / x.sum(axis=(1, 2))
    assert 0.8 < ink.min() < ink.max() < 1.25


def test_the_maker_refuses_another_data_set():
    with pytest.raises(DataError, match="not the full MNIST"):
        maker.make_subset(tiny_arrays())


def test_stratified_indices_fill_up_with_the_largest_remainders():
    labels = np.repeat([0, 1, 2], [50, 33, 17])
    index = maker.stratified_indices(labels, 10, np.random.default_rng(0))
    assert len(set(index)) == 10
    np.testing.assert_array_equal(np.bincount(labels[index]), [5, 3, 2])


def test_nothing_heavy_is_imported_for_the_subset():
    code = (
        "import sys; from course_lib.data import load_mnist; load_mnist();"
        "print([m for m in ('tensorflow', 'pooch', 'requests', 'matplotlib') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_damaged_installation_says_install_again(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "SUBSET_FILE", tmp_path / "gone.npz")
    with pytest.raises(DataError, match="install course-lib again"):
        load_mnist()


@pytest.mark.parametrize("size", ["Full", "", None, 10_000])
def test_an_unknown_size_names_the_sizes(size):
    with pytest.raises(ValueError, match='"subset" or "full"'):
        load_mnist(size)


# The user's own file


@no_network
@pytest.mark.parametrize("size", ["subset", "full"])
def test_a_named_file_is_read(tmp_path, size):
    own = tmp_path / "own.npz"
    own.write_bytes(packed(tiny_arrays()))
    data = load_mnist(size, path=str(own))
    assert_is_tiny(data)
    assert data.name == "file"


@no_network
def test_the_published_set_in_a_file_of_ones_own_is_full(tmp_path, tiny_is_mnist):
    own = tmp_path / "own.npz"
    np.savez(own, **tiny_arrays(y_train=tiny_arrays()["y_train"].astype(np.int64)))
    assert load_mnist(path=own).name == "full"


@no_network
def test_the_environment_variable_names_the_full_set_only(tmp_path, monkeypatch):
    own = tmp_path / "own.npz"
    own.write_bytes(packed(tiny_arrays()))
    monkeypatch.setenv("COURSE_MNIST", str(own))
    assert_is_tiny(load_mnist("full"))
    assert find_full_mnist() == own
    assert load_mnist("subset").name == "subset"


GOOD = packed(tiny_arrays())
# NumPy reads 10 of the 30 images, stops before the checksum, and notices nothing.
SHRUNK = packed(tiny_arrays(), np.savez).replace(b"(30,", b"(10,")
BAD_FILES = {
    "changed shape": (SHRUNK, "checksum of x_train"),
    "empty": (b"", "truncated"),
    "text": (b"<html>Log in to the network</html>", "truncated, or is not"),
    "half": (GOOD[: len(GOOD) // 2], "truncated"),
    "last byte gone": (GOOD[:-1], "truncated"),
    "flipped byte": (GOOD[:9000] + bytes([GOOD[9000] ^ 255]) + GOOD[9001:], "damaged"),
    "no y_test": (packed(tiny_arrays(y_test=None)), "has no y_test.*it holds x_train"),
    "flat images": (packed(tiny_arrays(x_test=np.zeros((10, 784), np.uint8))), r"\(10, 784\)"),
    "no images": (packed(tiny_arrays(x_test=np.zeros((0, 28, 28), np.uint8))), "x_test"),
    "short labels": (packed(tiny_arrays(y_train=np.zeros(29, int))), r"\(30,\).*\(29,\)"),
    "float images": (packed(tiny_arrays(x_test=np.zeros((10, 28, 28)))), "uint8.*float64"),
    "label 10": (packed(tiny_arrays(y_test=np.arange(1, 11))), "labels from 0 to 9"),
    "negative label": (packed(tiny_arrays(y_test=np.arange(-1, 9))), "labels from 0 to 9"),
    "float labels": (packed(tiny_arrays(y_test=np.zeros(10))), "integer labels"),
    "pickles": (packed(tiny_arrays(y_test=np.array([None] * 10))), "damaged.*allow_pickle"),
}


@pytest.fixture(params=BAD_FILES)
def bad_file(request, tmp_path):
    """A bad file of one's own, and what is to be said of it; it is left alone."""
    content, explanation = BAD_FILES[request.param]
    own = tmp_path / "own.npz"
    own.write_bytes(content)
    yield own, explanation
    assert own.read_bytes() == content
    assert os.listdir(tmp_path) == ["own.npz"]


@no_network
def test_a_bad_file_of_ones_own_is_explained(bad_file):
    own, explanation = bad_file
    with pytest.raises(DataError, match=explanation) as caught:
        load_mnist("full", path=own)
    assert "own.npz" in str(caught.value)
    assert "left as it is" in str(caught.value)


@no_network
def test_what_is_wrong_with_a_full_set_is_told_and_nothing_is_raised(bad_file):
    own, explanation = bad_file
    assert re.search(explanation, problem_with_full_mnist(own))


@no_network
def test_only_the_published_set_is_full(tmp_path, tiny_is_mnist):
    own = tmp_path / "own.npz"
    own.write_bytes(GOOD)
    assert problem_with_full_mnist(own) is None
    own.write_bytes(packed(tiny_arrays(y_test=np.zeros(10, np.uint8))))
    assert problem_with_full_mnist(own) == f"{own} is not the full MNIST."


@no_network
def test_every_flipped_byte_is_either_noticed_or_harmless(tmp_path):
    """Damage anywhere gives a DataError or the right data: never a bare trace, never wrong data."""
    own = tmp_path / "own.npz"
    noticed = 0
    for position in range(0, len(GOOD), 61):
        own.write_bytes(GOOD[:position] + bytes([GOOD[position] ^ 255]) + GOOD[position + 1 :])
        try:
            assert_is_tiny(load_mnist(path=own))
        except DataError:
            noticed += 1
    assert noticed > 150


@no_network
def test_a_missing_file_never_falls_back(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"There is no file .*absent.npz.*Name another"):
        load_mnist("full", path=tmp_path / "absent.npz")
    monkeypatch.setenv("COURSE_MNIST", str(tmp_path / "absent.npz"))
    with pytest.raises(DataError, match="COURSE_MNIST"):
        load_mnist("full")
    assert find_full_mnist() is None


# The cache shared with Keras


@no_network
def test_what_keras_has_is_used(tiny_is_mnist):
    assert find_full_mnist() is None
    cached = write_cache(GOOD)
    data = load_mnist("full", fallback=False)
    assert_is_tiny(data)
    assert data.name == "full"
    assert find_full_mnist() == cached


def test_address_and_checksum_are_those_of_keras():
    keras = Path(importlib.util.find_spec("keras").origin).parent  # found, not imported
    source = (keras / "src" / "datasets" / "mnist.py").read_text()
    folder, name = download.MNIST_URL.rsplit("/", 1)
    assert folder in source
    assert name in source
    assert download.MNIST_SHA256 in source


def test_the_cache_is_where_keras_looks(tmp_path, monkeypatch):
    assert download.cache_file() == tmp_path / "keras" / "datasets" / "mnist.npz"
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert download.cache_file() == tmp_path / ".keras" / "datasets" / "mnist.npz"


@this_machine_only
@pytest.mark.parametrize(
    "content",
    [GOOD[: len(GOOD) // 2], packed(tiny_arrays(x_test=np.zeros((10, 28, 28), np.uint8)))],
    ids=["truncated", "other images"],
)
def test_a_bad_cached_file_is_set_aside_and_fetched_again(server, content):
    cached = write_cache(content)
    aside = cached.with_name("mnist.npz.broken")
    with pytest.raises(DataError, match=r"set aside as .*mnist\.npz\.broken\. Run the same again"):
        load_mnist("full")
    assert aside.read_bytes() == content
    assert not cached.exists()
    assert server.requests == 0
    assert_is_tiny(load_mnist("full", fallback=False))
    assert server.requests == 1
    assert cached.read_bytes() == GOOD


@no_network
def test_an_older_file_set_aside_is_kept():
    for _ in range(3):
        cached = download.cache_file()
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_bytes(b"broken")
        with pytest.raises(DataError, match="set aside"):
            load_mnist("full")
    names = ["mnist.npz.broken", "mnist.npz.broken2", "mnist.npz.broken3"]
    assert sorted(os.listdir(cached.parent)) == names


# The download


@this_machine_only
def test_the_full_set_is_downloaded_once_into_the_cache(server, capsys):
    assert_is_tiny(load_mnist("full", fallback=False))
    assert "100%" in capsys.readouterr().err  # the progress bar
    assert_is_tiny(load_mnist("full", fallback=False))
    assert server.requests == 1
    assert os.listdir(download.cache_file().parent) == ["mnist.npz"]


@this_machine_only
def test_a_download_with_the_wrong_checksum_is_set_aside_and_fetched_again(server):
    server.body = b"<html>Log in to the network</html>"
    with pytest.raises(DataError, match=r"wrong checksum.*set aside.*Run the same again"):
        load_mnist("full")
    assert os.listdir(download.cache_file().parent) == ["mnist.npz.broken"]
    server.body = GOOD
    assert_is_tiny(load_mnist("full", fallback=False))


@this_machine_only
def test_a_download_that_breaks_off_leaves_nothing(server):
    server.body, server.promised = GOOD[:1000], len(GOOD)
    with pytest.raises(DataError, match=r"broke off.*Run the same again"):
        load_mnist("full")
    assert os.listdir(download.cache_file().parent) == []


@this_machine_only
def test_a_cache_that_cannot_be_written_says_so(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"can't be written.*KERAS_HOME"):
        load_mnist("full")


# Offline


@this_machine_only
def test_offline_it_says_once_what_it_uses_instead(unplugged):
    with pytest.warns(UserWarning, match="Offline") as said:
        data = load_mnist("full")
    assert data.name == "subset"
    assert len(data.x_train) == 10_000
    assert len(said) == 1
    message = str(said[0].message)
    for part in ("bundled subset", 'load_mnist("full")', "path=", "COURSE_MNIST"):
        assert part in message
    assert said[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_mnist("full").name == "subset"


@this_machine_only
def test_offline_without_fallback_is_an_error(unplugged):
    with pytest.raises(DataError, match=r'Offline.*load_mnist\("full"\) again'):
        load_mnist("full", fallback=False)


@this_machine_only
def test_a_server_error_falls_back_and_says_which(server):
    server.status = 503
    with pytest.warns(UserWarning, match="answered 503.*bundled subset"):
        assert load_mnist("full").name == "subset"
