from __future__ import annotations

import time
from pathlib import Path

from live_fakes import count_frames, picture

from cnnkit.live.segments import SegmentedRecorder, SegmentOptions, new_path


def record(folder, seconds, **options):
    """Records a frame a second; the clock stands at as many seconds after nine."""
    now = [0.0]
    recorder = SegmentedRecorder(
        folder / "out.mp4", 1.0, SegmentOptions(**options), lambda: time.gmtime(1769850000 + now[0])
    )
    for second in range(seconds):
        now[0] = second
        recorder.write(picture(second), float(second))
    recorder.close()
    return sorted(path.name for path in folder.iterdir())


def test_pieces_are_named_by_their_time_and_hold_every_frame(tmp_path):
    names = record(tmp_path, 25, length_s=10)
    assert names == [f"out-20260131-{clock}.mp4" for clock in ("090000", "090010", "090020")]
    assert [count_frames(tmp_path / name) for name in names] == [10, 10, 5]


def test_the_oldest_pieces_make_room_and_other_files_stay(tmp_path):
    others = ["out.mp4", "out-20250101-000000.mkv", "other-20250101-000000.mp4", "out-1.mp4"]
    for name in others:
        (tmp_path / name).write_bytes(bytes(10**6))
    (tmp_path / "out-20250101-000000.mp4").write_bytes(bytes(10**6))
    names = record(tmp_path, 100, length_s=10, keep_bytes=10_000)
    kept = [name for name in names if name not in others]
    assert set(others) < set(names) and "out-20250101-000000.mp4" not in kept
    assert 1 <= len(kept) < 10 and kept[-1] == "out-20260131-090130.mp4"
    assert sum((tmp_path / name).stat().st_size for name in kept[:-1]) <= 10_000


def test_a_new_name_is_one_that_is_free(tmp_path):
    for expected in ("a.png", "a-2.png", "a-3.png"):
        path = new_path(tmp_path, "a", ".png")
        assert path.name == expected
        path.touch()


def test_pieces_that_others_delete_meanwhile_do_not_end_it(tmp_path, monkeypatch):
    unlink = Path.unlink

    def delete_before(path, missing_ok=False):
        unlink(path)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", delete_before)
    assert 1 <= len(record(tmp_path, 50, length_s=10, keep_bytes=1000)) < 5
    (tmp_path / "out-20250101-000000.mp4").symlink_to(tmp_path / "gone")
    record(tmp_path, 20, length_s=10, keep_bytes=1000)
