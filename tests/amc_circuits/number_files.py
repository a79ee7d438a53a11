"""Numbers in files of every kind, for tests that read them."""

import io
import zipfile

import numpy as np
import scipy.io
from scipy import sparse

REAL = np.array([[2.0, -0.5, 0.0], [1e-7, 3.25e10, -1.0]])
COMPLEX = REAL + 1j * np.array([[0.0, 1.0, -2.5], [0.25, 0.0, 1e-3]])
SPARSE = ("csr", "csc", "coo", "bsr", "dia")


def saved(write, array, **options):
    """The bytes that a function writes into a file."""
    file = io.BytesIO()
    write(file, array, **options)
    return file.getvalue()


def text_of(array, separator, decimal=".", unit="j"):
    """Rows of numbers, every digit."""

    def number(value):
        parts = f"{value.real!r}", f"{value.imag:+}{unit}"
        return "".join(parts if np.iscomplexobj(array) else parts[:1]).replace(".", decimal)

    return "".join(separator.join(map(number, row)) + "\n" for row in array.tolist()).encode()


def formats(array):
    """Every way in which an array may be stored, by name."""
    yield "npy", saved(np.save, array)
    yield "npy by columns", saved(np.save, np.asfortranarray(array))
    yield "npz", saved(np.savez, array)
    yield "npz packed", saved(np.savez_compressed, array)
    for form in SPARSE:
        yield f"scipy {form}", saved(sparse.save_npz, sparse.coo_matrix(array).asformat(form))
    yield "scipy array", saved(sparse.save_npz, sparse.csr_array(array))
    yield "mat", saved(scipy.io.savemat, {"whatever": array})
    yield "mat packed", saved(scipy.io.savemat, {"whatever": array}, do_compression=True)
    yield "mat sparse", saved(scipy.io.savemat, {"whatever": sparse.csc_matrix(array)})
    yield "mtx dense", saved(scipy.io.mmwrite, array, precision=17)
    yield "mtx sparse", saved(scipy.io.mmwrite, sparse.coo_matrix(array), precision=17)
    for name, separator in {
        "commas": ",",
        "commas and blanks": ", ",
        "semicolons": ";",
        "tabs": "\t",
        "blanks": "  ",
    }.items():
        yield f"text, {name}", text_of(array, separator)
    yield "text, i", text_of(array, ",", unit="i")
    yield "text, decimal commas", text_of(array, ";", decimal=",")
    yield "text, decimal commas and tabs", text_of(array, "\t", decimal=",")
    yield (
        "text, quotes",
        b"\n".join(b",".join(b'"%s"' % one for one in line.split(b";")) for line in text_of(array, ";").split()),
    )
    yield "text, comments", b"# made by hand\n% and more\n\n" + text_of(array, ",").replace(b"\n", b"  # a row\n\n")
    yield "text, DOS", text_of(array, ",").replace(b"\n", b"\r\n") + b"\x1a"
    yield "text, old Mac", text_of(array, ",").replace(b"\n", b"\r")
    yield "text, end of line separators", text_of(array, ",").replace(b"\n", b",\n")
    yield "text, byte-order mark", b"\xef\xbb\xbf" + text_of(array, ",")
    yield "text, UTF-16", text_of(array, "\t").decode().encode("utf-16")
    yield "text, Fortran", text_of(array, " ").replace(b"e", b"D")
    yield "text by NumPy", saved(np.savetxt, array, fmt="%.17g", header="A")


def zipped(**members):
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()
