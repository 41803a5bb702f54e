"""The little of DER (X.690) that authorities' answers need: their certificates put into the order it asks for.

Authorities send the certificates of their chain in any order (BER, RFC 5652 allows it), and the library reads DER
only, where the elements of a SET are sorted. No signature covers this set, so its order tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

_CERTIFICATES = 0xA0  # [0] IMPLICIT CertificateSet in SignedData, after version, algorithms and content


def with_sorted_certificates(response: bytes) -> bytes:
    """The same TimeStampResp with the certificates of its token sorted; as it is where it has another shape."""
    try:
        _status, token = _children(response, *_content(response, 0))
        _kind, signed = _children(response, *token)
        signed_data = next(_children(response, *signed))
        parts = [*_spans(response, *signed_data)]
    except (IndexError, ValueError, StopIteration):
        return response
    for at, start, end in parts:
        if response[at] == _CERTIFICATES:
            try:
                certificates = [
                    response[begin:after] for begin, _start, after in _spans(response, start, end)
                ]
            except (IndexError, ValueError):
                return response
            return response[:start] + b"".join(sorted(certificates)) + response[end:]
    return response


def _content(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at this place begins and ends. Raises IndexError, ValueError."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise ValueError("not DER: a length without an end, or of more than four bytes")
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise ValueError("cut short")
    return start, start + length


def _spans(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Each element in a content: where it begins, and where its own content begins and ends."""
    while start < end:
        begin, after = _content(data, start)
        yield start, begin, after
        start = after


def _children(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The contents of the elements in a content."""
    return ((begin, after) for _at, begin, after in _spans(data, start, end))
