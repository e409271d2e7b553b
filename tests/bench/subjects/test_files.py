from __future__ import annotations

from dataclasses import replace

from cnnkit.bench.subjects.files import model_file, model_files, replaced_files


def test_a_file_that_is_replaced_or_gone_is_said(make_contender, tmp_path):
    contenders = [make_contender("a"), make_contender("b"), replace(make_contender("c"), path=tmp_path / "keras-app:C")]
    before = model_files(contenders)
    assert [file and file.size_bytes for file in before.values()] == [1000, 1000, None]
    assert replaced_files(contenders, before) is None
    contenders[0].path.write_bytes(b"\1" * 1000)
    contenders[1].path.unlink()
    assert replaced_files(contenders, before) == "a.bin, b.bin changed while it was measured: measure again"


def test_openvino_weights_count_and_folders_have_no_digest(tmp_path):
    (tmp_path / "net.xml").write_bytes(b"12345")
    (tmp_path / "net.bin").write_bytes(b"123")
    assert model_file(tmp_path / "net.xml").size_bytes == 8
    assert model_file(tmp_path).sha256 is None
