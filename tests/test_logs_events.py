"""TensorBoard's event files: of real writers, of the documented bytes, and damaged ones."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from workbench import logs
from workbench.logs import crc, protobuf

DATA = Path(__file__).parent / "data" / "logs"
FILES = ("events.out.tfevents.torch", "events.out.tfevents.tensorboardX")


def checksum(data: bytes) -> int:
    """CRC-32C bit by bit, from its definition, and TensorFlow's mask."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", checksum(head)) + data + struct.pack("<I", checksum(data))


def varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def simple(tag: str, value: float) -> bytes:
    return field(1, field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))


def event(step: int, *values: bytes) -> bytes:
    return record(
        b"\x09" + struct.pack("<d", 1e9 + step) + b"\x10" + varint(step) + field(5, b"".join(values))
    )


def ordinary(steps: Iterable[int]) -> list[bytes]:
    return [event(t, simple("train/loss", 4 - t / 64), simple("lr", 2.0**-10)) for t in steps]


@pytest.mark.parametrize("text", [b"", b"123456789", bytes(32), b"\xff" * 32, bytes(range(32))])
def test_checksums_are_those_of_the_definition_for_any_mix_of_lengths(text: bytes) -> None:
    data = np.frombuffer(text + b"abc" + text[:5], np.uint8)
    start, length = np.array([0, len(text), 0]), np.array([len(text), 3, 0])
    found = crc.masked(data, start, length)
    assert found.tolist() == [checksum(text), checksum(b"abc"), checksum(b"")]


def test_checksums_meet_the_values_of_rfc_3720() -> None:
    for text, value in ((bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E)):
        masked = ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF
        assert crc.masked(np.frombuffer(text, np.uint8), np.array([0]), np.array([32]))[0] == masked


@pytest.mark.parametrize("name", FILES)
def test_files_of_real_writers(tmp_path: Path, name: str) -> None:
    """Written by torch 2.13 with tensorboard 2.21 and tensorboardX 2.6: losses 4 - i/16, rates (i + 1) 2^-15.

    Between them are a histogram, a text, a picture; after the last loss a NaN; torch's validation losses
    are tensors (new_style).
    """
    shutil.copy(DATA / name, tmp_path)
    for path in (tmp_path, tmp_path / name):
        (run,) = logs.load(path)
        np.testing.assert_array_equal(run.curve.step, np.arange(20))
        np.testing.assert_array_equal(run.curve.loss, 4 - np.arange(20) / 16)
        np.testing.assert_allclose(run.schedule.array()[:20], 2.0**-15 * np.arange(1, 21), rtol=1e-6)
        np.testing.assert_array_equal(run.parts["val/loss"].step, [4, 9, 14, 19])
        np.testing.assert_array_equal(run.parts["val/loss"].loss, 4.5 - np.array([4, 9, 14, 19]) / 16)
        assert run.facts["status"] == "diverged" and run.facts["form"] == "TensorBoard events"


def test_every_way_to_write_a_scalar(tmp_path: Path) -> None:
    """simple_value; a tensor with its bytes as content, or as float_val or double_val, alone or packed."""
    ways = (
        lambda x: b"\x15" + struct.pack("<f", x),
        lambda x: field(8, b"\x08\x01" + field(4, struct.pack("<f", x))),
        lambda x: field(8, b"\x08\x02" + field(4, struct.pack("<d", x))),
        lambda x: field(8, b"\x08\x01\x12\x00" + field(5, struct.pack("<f", x))),
        lambda x: field(8, b"\x08\x01\x12\x00\x2d" + struct.pack("<f", x)),
        lambda x: field(8, b"\x08\x02" + field(6, struct.pack("<d", x))),
        lambda x: field(8, b"\x08\x02\x31" + struct.pack("<d", x)),
    )
    tags = [f"val_{k}/loss" for k in range(len(ways))]
    # The tag may come before or after the value, and strangers in between.
    all_steps = (0, 1, 127, 128, 300, 70_000)

    def values(t: int) -> list[bytes]:
        number = 4 - t / 2**17
        bodies = (way(number) + field(9, b"\x0a\x03abc") for way in ways)
        return [field(1, body + field(1, tag.encode())) for body, tag in zip(bodies, tags, strict=True)]

    events = [
        event(t, *values(t), simple("train/loss", 3 - t / 2**17), simple("lr", 1e-3)) for t in all_steps
    ]
    (tmp_path / "events.out.tfevents.1").write_bytes(b"".join(events))
    (run,) = logs.load(tmp_path)
    steps = np.array(all_steps)
    assert set(run.parts) == set(tags) and run.curve.step[-1] == 70_000
    for tag in tags:
        np.testing.assert_array_equal(run.parts[tag].step, steps)
        np.testing.assert_array_equal(run.parts[tag].loss, 4 - steps / 2**17)


def test_a_file_cut_anywhere_gives_the_records_before(tmp_path: Path) -> None:
    records = ordinary(range(40))
    data = b"".join(records)
    path = tmp_path / "events.out.tfevents.1"
    ends = np.cumsum([len(each) for each in records])
    for cut in (ends[20], ends[20] + 3, ends[20] + 11, ends[20] + 12, ends[20] + 30, ends[21] - 1):
        path.write_bytes(data[:cut])
        (run,) = logs.load(path)
        assert len(run.curve) == 21
        assert any("is cut" in sentence for sentence in run.facts["log"]) == (cut != ends[20])


def test_damage_is_told_and_costs_no_more_than_it_must(tmp_path: Path) -> None:
    records = ordinary(range(40))
    path = tmp_path / "events.out.tfevents.1"
    flipped = bytearray(records[10])
    flipped[30] ^= 1
    path.write_bytes(b"".join([*records[:10], bytes(flipped), *records[11:]]))
    (run,) = logs.load(path)
    assert len(run.curve) == 39 and 10 not in run.curve.step
    assert any("1 record" in sentence and "checksum" in sentence for sentence in run.facts["log"])
    # Where a length is wrong nobody knows where the next record is.
    path.write_bytes(b"".join(records[:25]) + b"\xff" * 8 + b"".join(records[26:]))
    (run,) = logs.load(path)
    assert len(run.curve) == 25 and any("damaged from byte" in sentence for sentence in run.facts["log"])
    path.write_bytes(b"\xff" * 1000)
    with pytest.raises(ValueError, match="first record"):
        logs.load(path)
    path.write_bytes(record(b"\x09" + bytes(8)))
    with pytest.raises(ValueError, match="holds no scalars"):
        logs.load(path)


def test_large_records_are_passed_over(tmp_path: Path) -> None:
    head = struct.pack("<Q", 20 << 20)
    # Its own checksum is never looked at: a picture is no scalar.
    picture = head + struct.pack("<I", checksum(head)) + bytes((20 << 20) + 4)
    records = ordinary(range(40))
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"".join(records[:20]) + picture + b"".join(records[20:]))
    (run,) = logs.load(path)
    assert len(run.curve) == 40
    path.write_bytes(b"".join(records[:20]) + picture[: 10 << 20])
    (run,) = logs.load(path)
    assert len(run.curve) == 20 and any("is cut" in sentence for sentence in run.facts["log"])


def test_files_of_one_folder_are_one_training_and_the_later_one_wins(tmp_path: Path) -> None:
    again = [event(t, simple("train/loss", 3 - t / 64), simple("lr", 2.0**-10)) for t in range(30, 60)]
    final = [event(59, simple("eval/loss", 2.5))]
    for name, records in (("2", again), ("1", ordinary(range(40))), ("10", final)):
        (tmp_path / f"events.out.tfevents.{name}").write_bytes(b"".join(records))
    (run,) = logs.load(tmp_path)
    t = np.arange(60)
    np.testing.assert_array_equal(run.curve.step, t)
    np.testing.assert_array_equal(run.curve.loss, np.where(t < 30, 4 - t / 64, 3 - t / 64))
    np.testing.assert_array_equal(run.parts["eval/loss"].step, [59])
    assert any("joined at update 30; 10 earlier points" in sentence for sentence in run.facts["log"])
    assert wb.hold(60, 2.0**-10).array().tolist() == run.schedule.array().tolist()


def test_any_bytes_can_be_walked() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        data = random.integers(0, 256, 200, dtype=np.uint8)
        begin = np.sort(random.integers(0, 184, 6))
        for fields in protobuf.walk(data, begin, np.minimum(begin + 30, 184)):
            assert np.all(fields.end <= 184) and np.all(fields.begin <= fields.end)
