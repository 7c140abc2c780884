"""Read and write Thrift's compact protocol, as far as a Parquet footer needs it, without knowing what the fields mean.

A struct is a dict from field id to (type, value), in the order written; a list is (type, values). Specification:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)

Struct = dict[int, tuple[int, Any]]


def loads(data: bytes) -> Struct:
    """Return the struct in `data`; raise ValueError or IndexError if there is none."""
    return _Reader(data).struct()


def dumps(struct: Struct) -> bytes:
    """Return the bytes of a struct."""
    out = bytearray()
    _write_struct(out, struct)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self) -> Struct:
        found, number = Struct(), 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else _unzigzag(self.varint())
            kind = head & 15
            found[number] = kind, kind == TRUE if kind in (TRUE, FALSE) else self.value(kind)
        return found

    def value(self, kind: int) -> Any:
        if kind in (I16, I32, I64):
            return _unzigzag(self.varint())
        if kind in (BINARY, DOUBLE):
            return self.take(self.varint() if kind == BINARY else 8)
        if kind == LIST:
            head = self.byte()
            size = head >> 4 if head >> 4 < 15 else self.varint()
            return head & 15, [self.value(head & 15) for _ in range(size)]
        if kind == STRUCT:
            return self.struct()
        if kind in (TRUE, FALSE, BYTE):  # only in a list is a truth value a byte of its own
            return self.byte()
        raise ValueError(f"type {kind}")

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        number = shift = 0
        while (byte := self.byte()) > 127:
            number |= (byte & 127) << shift
            shift += 7
        return number | byte << shift

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]


def _unzigzag(number: int) -> int:
    return number >> 1 ^ -(number & 1)


def _write_struct(out: bytearray, struct: Struct) -> None:
    before = 0
    for number, (kind, value) in struct.items():
        type_code = (TRUE if value else FALSE) if kind in (TRUE, FALSE) else kind
        step = number - before
        if 0 < step < 16:
            out.append(step << 4 | type_code)
        else:
            out.append(type_code)
            _write(out, I16, number)
        if kind not in (TRUE, FALSE):
            _write(out, kind, value)
        before = number
    out.append(0)


def _write(out: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        _write_varint(out, value << 1 if value >= 0 else ~(value << 1))
    elif kind in (BINARY, DOUBLE):
        if kind == BINARY:
            _write_varint(out, len(value))
        out += value
    elif kind == LIST:
        item_kind, values = value
        out.append(min(len(values), 15) << 4 | item_kind)
        if len(values) >= 15:
            _write_varint(out, len(values))
        for item in values:
            _write(out, item_kind, item)
    elif kind == STRUCT:
        _write_struct(out, value)
    else:
        out.append(value)


def _write_varint(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
