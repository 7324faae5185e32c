"""LZF, as PCD files are packed by it: runs of bytes, and copies of earlier ones."""

from __future__ import annotations


def unpacked(data: bytes, size: int) -> bytes:
    """The `size` bytes that `data` unpacks to. Raises ValueError where it does not.

    A byte below 32 is followed by one more plain byte than it says. Of any other, the upper three
    bits are the length of a copy less two (seven: one more byte adds to it), and the lower five,
    with the byte after it, how far back it starts, less one. Source: M. Lehmann, liblzf.
    """
    out, at, end = bytearray(), 0, len(data)
    while at < end:
        control = data[at]
        at += 1
        if control < 32:
            out += data[at : at + control + 1]
            at += control + 1
            if at > end:
                raise ValueError("it ends within a run of bytes")
        else:
            length = control >> 5
            if at + (length == 7) >= end:
                raise ValueError("it ends within a copy")
            if length == 7:
                length += data[at]
                at += 1
            start = len(out) - ((control & 31) << 8 | data[at]) - 1
            at += 1
            _copy(out, start, length + 2)
        if len(out) > size:
            raise ValueError(f"it unpacks to more than the {size} bytes declared")
    if len(out) != size:
        raise ValueError(f"it unpacks to {len(out)} of the {size} bytes declared")
    return bytes(out)


def _copy(out: bytearray, start: int, length: int) -> None:
    """Append bytes from `start` on, which may reach into what is being appended."""
    if start < 0:
        raise ValueError("a copy starts before the first byte")
    there = out[start : start + length]
    while len(there) < length:
        there += there[: length - len(there)]
    out += there
