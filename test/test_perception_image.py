from array import array
import struct
import zlib

import cv2
import numpy as np
import pytest
from robochat.perception.image import decode_compressed, decode_raw, ImageError, ImageFault

HEIGHT, WIDTH = 4, 6
RGB = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def raw(pixels, encoding, pad=0, **options):
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(HEIGHT, -1)
    padded = np.pad(rows, ((0, 0), (0, pad)), constant_values=7)
    return decode_raw(padded.tobytes(), HEIGHT, WIDTH, encoding, padded.shape[1], **options)


def fault(call):
    with pytest.raises(ImageError) as caught:
        call()
    return caught.value.fault


@pytest.mark.parametrize('pad', [0, 5])
@pytest.mark.parametrize(
    ('encoding', 'order'),
    [
        ('rgb8', [0, 1, 2]),
        ('bgr8', [2, 1, 0]),
        ('8UC3', [2, 1, 0]),
        ('rgba8', [0, 1, 2, 0]),
        ('bgra8', [2, 1, 0, 1]),
    ],
)
def test_colours_come_out_in_rgb_order_with_and_without_padding(encoding, order, pad):
    assert np.array_equal(raw(RGB[:, :, order], encoding, pad), RGB)


@pytest.mark.parametrize('encoding', ['mono8', '8UC1'])
def test_grey_becomes_three_equal_channels(encoding):
    out = raw(RGB[:, :, 0], encoding, 3)
    assert all(np.array_equal(out[:, :, k], RGB[:, :, 0]) for k in range(3))


@pytest.mark.parametrize(('kind', 'big'), [('<u2', False), ('>u2', True)])
def test_sixteen_bit_grey_keeps_the_upper_byte_in_either_byte_order(kind, big):
    values = (RGB[:, :, 0].astype(np.uint16) * 256 + 99).astype(kind)
    assert np.array_equal(raw(values, 'mono16', is_bigendian=big)[:, :, 1], RGB[:, :, 0])


@pytest.mark.parametrize(('encoding', 'luma'), [('yuv422', 1), ('yuv422_yuy2', 0)])
def test_grey_yuv_becomes_grey_rgb_in_both_orders(encoding, luma):
    pairs = np.full((HEIGHT, WIDTH, 2), 128, np.uint8)
    pairs[:, :, luma] = 180
    out = raw(pairs, encoding).astype(int)
    assert np.ptp(out) <= 2
    assert 180 <= out[0, 0, 0] <= 200


def test_rgb8_is_a_read_only_view_of_the_messages_bytes():
    data = array('B', RGB.tobytes())
    out = decode_raw(data, HEIGHT, WIDTH, 'rgb8', WIDTH * 3)
    assert np.shares_memory(out, np.frombuffer(data, np.uint8))
    assert not out.flags.writeable


@pytest.mark.parametrize(
    'wrap',
    [bytes, bytearray, memoryview, lambda b: array('B', b), lambda b: np.frombuffer(b, np.uint8)],
)
def test_any_kind_of_buffer_will_do(wrap):
    assert np.array_equal(decode_raw(wrap(RGB.tobytes()), HEIGHT, WIDTH, 'rgb8', WIDTH * 3), RGB)


@pytest.mark.parametrize(
    ('height', 'width', 'encoding', 'step', 'reason'),
    [
        (0, WIDTH, 'rgb8', 18, ImageFault.EMPTY),
        (HEIGHT, 0, 'rgb8', 0, ImageFault.EMPTY),
        (-3, WIDTH, 'rgb8', 18, ImageFault.EMPTY),
        (HEIGHT, WIDTH, 'bayer_of_mars', 18, ImageFault.ENCODING),
        (HEIGHT, WIDTH, '', 18, ImageFault.ENCODING),
        (HEIGHT, 5, 'yuv422', 18, ImageFault.ENCODING),
        (HEIGHT, WIDTH, 'rgb8', 17, ImageFault.STEP),
        (HEIGHT, WIDTH, 'rgb8', 0, ImageFault.STEP),
        (HEIGHT + 1, WIDTH, 'rgb8', 18, ImageFault.TRUNCATED),
        (60_000, 60_000, 'rgb8', 180_000, ImageFault.TOO_LARGE),
    ],
)
def test_bad_raw_pictures_are_refused_by_name(height, width, encoding, step, reason):
    assert fault(lambda: decode_raw(RGB.tobytes(), height, width, encoding, step)) is reason


@pytest.mark.parametrize('data', [None, 'words', 12])
def test_what_is_no_buffer_is_refused(data):
    assert fault(lambda: decode_raw(data, HEIGHT, WIDTH, 'rgb8', 18)) is ImageFault.CORRUPT


def encoded(kind):
    return cv2.imencode(kind, cv2.resize(RGB, (64, 48))[:, :, ::-1])[1].tobytes()


def test_png_comes_back_exactly():
    assert np.array_equal(decode_compressed(encoded('.png')), cv2.resize(RGB, (64, 48)))


def test_jpeg_comes_back_nearly():
    wide = np.full((48, 64, 3), (200, 100, 40), np.uint8)
    out = decode_compressed(cv2.imencode('.jpg', wide[:, :, ::-1])[1].tobytes())
    assert np.abs(out.astype(int) - wide).max() < 8


def test_zeros_after_the_end_of_a_jpeg_are_forgiven():
    assert decode_compressed(encoded('.jpg') + bytes(100)).shape == (48, 64, 3)


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
@pytest.mark.parametrize('share', [0.02, 0.3, 0.9])
def test_cut_off_pictures_are_refused(kind, share):
    data = encoded(kind)
    cut = data[: max(9, int(len(data) * share))]
    assert fault(lambda: decode_compressed(cut)) in (ImageFault.TRUNCATED, ImageFault.CORRUPT)


@pytest.mark.parametrize(
    ('data', 'reason'),
    [
        (b'', ImageFault.EMPTY),
        (b'GIF89a' + bytes(40), ImageFault.ENCODING),
        (b'\xff\xd8' + bytes(60), ImageFault.CORRUPT),
    ],
)
def test_other_bytes_are_refused(data, reason):
    assert fault(lambda: decode_compressed(data)) is reason


def test_damaged_png_is_refused():
    data = bytearray(encoded('.png'))
    data[33:60] = bytes(27)
    assert fault(lambda: decode_compressed(bytes(data))) is ImageFault.CORRUPT


def test_a_decompression_bomb_is_refused_by_its_header():
    header = struct.pack('>II5B', 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b'IHDR' + header
    bomb = (
        b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + chunk + struct.pack('>I', zlib.crc32(chunk))
    )
    assert fault(lambda: decode_compressed(bomb + bytes(20) + b'IEND')) is ImageFault.TOO_LARGE
