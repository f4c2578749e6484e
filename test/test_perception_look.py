import json

import cv2
from perception_pictures import FOLDER, picture
import pytest
from robochat.bench.rows import at_least, at_most, report, Row
from robochat.cli import main


def look(capsys, *words):
    status = main(['look', *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_picture_gives_json_and_an_annotated_picture(capsys, tmp_path):
    path = tmp_path / 'seen.json'
    status, out, _ = look(capsys, FOLDER / 'happy.jpg', '--out', tmp_path, '--json', path)
    (found,) = json.loads(out)['pictures']
    assert status == 0
    assert found['still']
    (face,) = found['emotions']['faces']
    assert (face['emotion']['label'], face['emotion']['certain']) == ('happy', True)
    assert cv2.imread(found['annotated']).shape == (480, 640, 3)
    assert json.loads(path.read_text()) == json.loads(out)


def test_a_video_is_watched_to_its_end(capsys, tmp_path):
    video = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (640, 480))
    for _ in range(8):
        writer.write(picture('neutral')[:, :, ::-1])
    writer.release()
    status, out, _ = look(capsys, video, '--out', tmp_path)
    (found,) = json.loads(out)['pictures']
    assert (status, found['frames'], found['still']) == (0, 8, False)
    assert len(found['emotions']['faces']) == 1


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('gone.jpg', None, 'unreadable'),
        ('words.png', b'only words', 'neither JPEG nor PNG'),
        ('empty.jpg', b'', '0 bytes'),
        ('half.jpg', (FOLDER / 'happy.jpg').read_bytes()[:9000], 'end marker'),
        ('gone.mp4', None, 'no such file'),
        ('words.mp4', b'only words', 'opens no video'),
    ],
)
def test_what_can_not_be_read_is_said(capsys, tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    status, out, err = look(capsys, path, '--out', tmp_path)
    assert (status, out) == (2, '')
    assert message in err
    assert name in err


def test_a_picture_larger_than_the_setting_is_refused(capsys, tmp_path):
    params = tmp_path / 'small.yaml'
    params.write_text('/**:\n  ros__parameters:\n    camera:\n      max_pixels: 4096\n')
    status, _, err = look(capsys, FOLDER / 'happy.jpg', '--params', params, '--out', tmp_path)
    assert status == 2
    assert '640x480' in err


def test_a_report_holds_bench_machine_and_rows(tmp_path):
    path = tmp_path / 'deep' / 'rows.json'
    report('perception', [at_least('speed', 12.0, 'x', 10.0), Row('note', 1.0, '')], path)
    written = json.loads(path.read_text())
    assert written['bench'] == 'perception'
    assert 'cores' in written['machine']
    assert written['rows'][0] == {
        'what': 'speed',
        'value': 12.0,
        'unit': 'x',
        'bar': '>= 10',
        'ok': True,
    }
    assert written['rows'][1]['ok'] is None


def test_a_missed_bar_is_not_ok():
    assert at_least('speed', 9.0, 'x', 10.0).ok is False
    assert at_most('time', 3.0, 's', 2.5).ok is False


def test_no_path_writes_no_report():
    report('perception', [], None)
