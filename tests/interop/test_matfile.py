"""MATLAB's files as SciPy writes them, read by our own reader: damaged ones end in words."""

import contextlib
import io

import numpy as np
import pytest
from scipy.io import savemat

from xbarsim.interop.matfile import read_variables


def written(compress=False, **variables):
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=compress)
    return stream.getvalue()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_every_kind_of_number_is_read(kind, compress, draw):
    one = draw.uniform(0, 100, (3, 5)).astype(kind)
    other = np.arange(2.0)[None].astype(kind)
    found = read_variables(written(compress, one=one, a_longer_name_than_four=other))
    np.testing.assert_array_equal(found["one"], one.astype(np.float64))
    np.testing.assert_array_equal(found["a_longer_name_than_four"], other)
    assert found["one"].dtype == np.float64


def test_what_is_no_array_of_numbers_is_left_out_or_refused():
    found = read_variables(written(text="words", cells=np.array([[1], "x"], dtype=object), g=1.5))
    assert list(found) == ["g"]
    assert found["g"].tolist() == [[1.5]]
    with pytest.raises(ValueError, match="z holds complex numbers"):
        read_variables(written(z=np.array([1 + 2j])))


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_cut_anywhere_is_refused_or_holds_less(compress, draw):
    whole = written(compress, g=draw.uniform(0, 1, (4, 3)))
    assert list(read_variables(whole)) == ["g"]
    for cut in range(0, len(whole) - 8, 3):
        with contextlib.suppress(ValueError):
            assert read_variables(whole[:cut]) == {}


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("xbarsim.interop.matfile._LARGEST", 1000)
    with pytest.raises(ValueError, match="longer than 1000 bytes"):
        read_variables(written(True, g=np.zeros((100, 100))))
