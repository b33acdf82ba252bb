"""This module is about memory that is freed and wanted again at every update of the weights."""

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory for the next allocation, and say whether it will.

    glibc gives every large tensor's pages back to the system when it is freed; getting them again,
    zeroed, took about a sixth of the processor time of a training step. This holds for the whole
    process, so only commands call it; elsewhere than on glibc nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 2**26))
    return all(mallopt(name, value) == 1 for name, value in settings)
