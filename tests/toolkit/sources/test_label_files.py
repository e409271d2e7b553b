"""Lists of images and labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnkit.errors import DataError
from cnnkit.sources import list_listed
from cnnkit.sources.label_files import is_label_file, read_label_file


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """a.jpg, b.jpg, c.jpg and train/d.png, all empty, and links to what lies outside."""
    (tmp_path / "train").mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg", "train/d.png"):
        (tmp_path / name).touch()
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "z.jpg").touch()
    (tmp_path / "link.jpg").symlink_to(outside / "z.jpg")
    (tmp_path / "far").symlink_to(outside)
    return tmp_path


def write(folder: Path, text: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("labels.csv", "filename,label\na.jpg,ant\nb.jpg,bee\nd.png,bee\n", id="names and labels"),
        pytest.param("labels.csv", "label;Image\nant;a.jpg\nbee;b.jpg\nbee;d.png\n", id="semicolons, any order"),
        pytest.param("train.csv", "id,category\na,ant\nb,bee\nd,bee\n", id="Kaggle, names without endings"),
        pytest.param("_classes.csv", "filename, ant, bee\na.jpg, 1, 0\nb.jpg, 0, 1\nd.png, 0, 1\n", id="Roboflow"),
        pytest.param("labels.csv", "id,ant,bee\na,1,0\nb,0,1\nd,0,1.0\n", id="a column a class"),
        pytest.param("labels.csv", '\nfile,class\n\n"a.jpg",ant\nb.jpg,bee\n\nd.png,bee', id="empty lines, quotes"),
        pytest.param("list.txt", "a.jpg ant\nb.jpg bee\ntrain/d.png bee\n", id="text"),
        pytest.param("list.txt", "a.jpg,ant\nb.jpg,bee\ntrain/d.png,bee\n", id="text with commas"),
        pytest.param("labels.csv", "a.jpg,ant\nb.jpg,bee\nd.png,bee\n", id="no header"),
        pytest.param("labels.csv", "ant;a.jpg;train\nbee;b.jpg;train\nbee;d.png;train\n", id="no header, parts"),
        pytest.param("labels.csv", "photo,file\nant,a.jpg\nbee,b.jpg\nbee,d.png\n", id="the only other column"),
        pytest.param("labels.csv", "sep=|\nfile|label\na.jpg|ant\nb.jpg|bee\nd.png|bee\n", id="Excel's first line"),
        pytest.param("labels.csv", "file,label\na.jpg,ant,\nb.jpg,bee,,\nd.png,bee\n", id="commas at the end"),
        pytest.param("labels.csv", "file,label\na.jpg,ant\nb.jpg,bee\ntrain\\d.png,bee\n", id="backslashes"),
        pytest.param("labels.csv", "id,ant,bee\na,True,False\nb,False,True\nd,false,TRUE\n", id="true and false"),
        pytest.param("list.tsv", "path\tclass\na.jpg\tant\nb.jpg\tbee\ntrain/d.png\tbee\n", id="tabs"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_every_form_gives_the_same(photos: Path, name: str, text: str, encoding: str) -> None:
    path = photos / name
    path.write_bytes(text.encode(encoding))
    assert is_label_file(path)
    (files,) = list_listed(path).values()
    assert files.labels == ("ant", "bee")
    assert files.paths == (photos / "a.jpg", photos / "b.jpg", photos / "train" / "d.png")
    assert files.targets == (0, 1, 1)


def test_a_column_divides(photos: Path) -> None:
    path = write(photos, "file,label,split\na.jpg,ant,Train\nb.jpg,bee,train\nc.jpg,bee,valid\nd.png,ant,testing\n")
    parts = list_listed(path)
    assert {part: [path.name for path in files.paths] for part, files in parts.items()} == {
        "train": ["a.jpg", "b.jpg"],
        "val": ["c.jpg"],
        "test": ["d.png"],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "lists no images", id="empty"),
        pytest.param("a,b\n1,2\n", "has the columns a, b and none of file names", id="unknown columns"),
        pytest.param("file,colour,size\na.jpg,red,1\n", "none of labels", id="no labels"),
        pytest.param("a.jpg,ant,1\nb.jpg,bee,2\n", "has no header that says which column is which", id="no header"),
        pytest.param("file,label\n/etc/passwd,x\n", "line 2: '/etc/passwd' leads out of", id="absolute"),
        pytest.param("file,label\nC:\\a.jpg,x\n", "leads out of the list's folder", id="absolute on Windows"),
        pytest.param("file,label\n../a.jpg,x\n", "leads out of the list's folder", id="outside"),
        pytest.param(
            "file,label\nx.jpg,ant\ny.jpg,bee\n", "2 images are not there: x.jpg, y.jpg (lines 2, 3)", id="missing"
        ),
        pytest.param(
            f"file,label\n{'x' * 300}.jpg,ant\ny.jpg,bee\n",
            "2 of 2 images are not there",
            id="longer than names may be",
        ),
        pytest.param(
            "file,label\na.jpg,ant\na.jpg,bee\n", "lines 2 and 3: a.jpg is labelled 'ant' and", id="two labels"
        ),
        pytest.param("file,label\n..\\a.jpg,x\n", "leads out of the list's folder", id="outside on Windows"),
        pytest.param("file,label\na.jpg,x\nlink.jpg,x\n", "line 3: 'link.jpg' leads out of the list", id="a link out"),
        pytest.param("file,label\nfar/z.jpg,x\n", "line 2: 'far/z.jpg' leads out of the list", id="a folder out"),
        pytest.param("id,ant,bee\na,1,0\nb,1,1\n", "gives several labels an image (line 3: b has ant, bee)", id="2"),
        pytest.param("id,ant,bee\na,1,0\nb,0,0\n", "line 3: b has no label: add one", id="no class"),
        pytest.param("id,ant,bee\na,1,0\nb,1,2\n", "none of labels", id="numbers that are no bits"),
        pytest.param(f"file,label\na.jpg,{'x' * 200_000}\n", "line 2: field larger than", id="endless value"),
        pytest.param("file,label\na.jpg\n", "line 2: 1 columns, expected 2", id="ragged"),
        pytest.param("file,label\na.jpg,\n", "a.jpg has no label", id="empty label"),
    ],
)
def test_what_is_wrong_is_one_line(photos: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=r"(?s)^[^\n]*$") as error:
        read_label_file(write(photos, text))
    assert message in str(error.value)


def test_a_list_in_another_encoding_is_to_be_saved_anew(photos: Path) -> None:
    path = write(photos, "")
    path.write_bytes("file,label\na.jpg,B\u00e4r\n".encode("cp1252"))
    with pytest.raises(DataError, match="expected a list of images: save it as UTF-8"):
        read_label_file(path)


def test_missing_files_and_repeated_lines_are_counted(photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = read_label_file(write(photos, "file,label\na.jpg,ant\na.jpg,ant\nx.jpg,ant\nb.jpg,bee\n"))
    assert [line.path.name for line in lines] == ["a.jpg", "b.jpg"]
    assert "1 of 4 images are not there: x.jpg (line 4)" in caplog.text
    assert "1 lines repeat others and are left out (line 3)" in caplog.text


def test_an_image_is_looked_for_in_the_folder_of_its_part(photos: Path) -> None:
    (photos / "test").mkdir()
    (photos / "test" / "a.jpg").touch()
    (photos / "test" / "d.png").touch()
    path = write(photos, "id,label,split\na,ant,test\na,ant,train\nd,bee,\nd,bee,test\n")
    found = [line.path.relative_to(photos).as_posix() for line in read_label_file(path)]
    assert found == ["test/a.jpg", "a.jpg", "train/d.png", "test/d.png"]
    one = write(photos, "id,label\nd,bee\na,ant\n", "test.csv")
    assert [line.path.parent.name for line in read_label_file(one, "test")] == ["test", "test"]
    with pytest.raises(DataError, match="1 of 1 images are not there"):
        read_label_file(write(photos, "id,label\nd,bee\n", "val.csv"), "val")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("file,label\na.jpg,ant\nb.jpg,bee\n", "file names from file, labels from label", id="usual"),
        pytest.param(
            "age,file,sex,label,split\n1,a.jpg,m,ant,train\n2,b.jpg,f,bee,test\n",
            "file names from file, labels from label, parts from split; not used: age, sex",
            id="more columns",
        ),
        pytest.param("id,ant,bee\na,1,0\nb,0,1\n", "file names from id, a class from each of ant, bee", id="classes"),
    ],
)
def test_which_columns_are_read_is_said(photos: Path, caplog: pytest.LogCaptureFixture, text: str, said: str) -> None:
    caplog.set_level("INFO", logger="cnnkit")
    path = write(photos, text)
    read_label_file(path)
    assert caplog.messages == [f"{path}: {said}"]


def test_words_that_name_no_part_are_said(photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(photos, "file,label,split\na.jpg,ant,fold 1\nb.jpg,bee,fold 2\n")
    assert set(list_listed(path)) == {None}
    assert f"{path}: the parts fold 1, fold 2 are none of train, val and test, and say nothing" in caplog.messages


def test_images_lie_in_folders_of_folders(tmp_path: Path) -> None:
    for name in ("train/train/a.jpg", "data/images/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    lines = read_label_file(write(tmp_path, "id,label\na,ant\nb,bee\n"))
    assert [line.path.relative_to(tmp_path).as_posix() for line in lines] == ["train/train/a.jpg", "data/images/b.jpg"]
