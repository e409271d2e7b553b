from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from tiny_models import build_tiny_onnx

from cnnkit.errors import ModelError
from cnnkit.spec import METADATA_KEY, read_spec
from cnnkit.spec.onnx_header import external_locations, main_nodes, read_header


def test_header_of_a_model(make_model):
    header = read_header(make_model(opset=16, metadata={"author": "Zoë"}))
    assert (header.ir_version, header.opset) == (8, 16)
    assert header.metadata["author"] == "Zoë"
    assert read_spec(header.metadata[METADATA_KEY]).labels == ("red", "green", "blue")
    assert header.operators == {"Cast": 2, "ReduceMean": 1, "Mul": 1, "Softmax": 1}


def test_two_specs_in_a_file_are_refused(make_model):
    import onnx

    from cnnkit.errors import SpecError
    from cnnkit.runtime.model import load_model
    from cnnkit.runtime.onnx import read_spec_of

    path = make_model()
    model = onnx.load(path)
    model.metadata_props.add(key="author", value="a")
    model.metadata_props.add(key="author", value="b")
    onnx.save(model, path)
    assert load_model(path).spec.labels == ("red", "green", "blue")  # a key that is not read may be there twice
    model.metadata_props.add(key=METADATA_KEY, value=model.metadata_props[0].value.replace("red", "pink"))
    onnx.save(model, path)
    for read in (load_model, read_spec_of):
        with pytest.raises(SpecError, match="carries two model specs, expected one"):
            read(path)


def test_the_nodes_of_a_graph(make_model):
    import onnx

    path = make_model()
    wanted = [(node.op_type, tuple(node.input), tuple(node.output)) for node in onnx.load(path).graph.node]
    assert [tuple(vars(node).values()) for node in main_nodes(path.read_bytes())] == wanted


def test_header_agrees_with_the_onnx_package(make_model):
    import onnx

    path = make_model()
    model = onnx.load(path)
    header = read_header(path)
    assert header.ir_version == model.ir_version
    assert header.opset == model.opset_import[0].version
    assert header.metadata == {entry.key: entry.value for entry in model.metadata_props}


def _model_with_hidden_tensor(place: str) -> bytes:
    """A model whose external tensor lies in a node's attribute, a subgraph, or a sparse initializer."""
    from onnx import TensorProto, helper

    tensor = TensorProto(name="hidden", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="secret.bin")
    node = helper.make_node("Constant", [], ["x"], value=tensor)
    graph = helper.make_graph([], "main", [], [])
    if place == "attribute":
        graph.node.append(node)
    elif place == "subgraph":
        inner = helper.make_graph([node], "inner", [], [])
        graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner))
    else:
        graph.sparse_initializer.add().values.CopyFrom(tensor)
    return helper.make_model(graph).SerializeToString()


@pytest.mark.parametrize("place", ["attribute", "subgraph", "sparse"])
def test_external_tensors_are_found_wherever_they_hide(place):
    assert set(external_locations(_model_with_hidden_tensor(place))) == {"secret.bin"}


def test_external_tensor_of_an_initializer():
    assert external_locations(build_tiny_onnx(external="../secret.bin")) == ("../secret.bin",)


def test_no_external_tensors():
    assert external_locations(build_tiny_onnx(metadata={"location": "a label, no file"})) == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"\x08", "the data ends within a number", id="key alone"),
        pytest.param(b"\x08" + b"\xff" * 11, "a number is longer than 10 bytes", id="endless number"),
        pytest.param(b"\x3a\x7fabc", "the data ends 124 bytes too early", id="cut message"),
        pytest.param(b"\x0b", "a field has the unknown wire type 3", id="group"),
        pytest.param(b"\x00\x00", "a field has the number 0", id="field 0"),
        pytest.param(b"\x11abc", "the data ends 5 bytes too early", id="cut double"),
    ],
)
def test_damaged_file(tmp_path, data, reason):
    path = tmp_path / "bad.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_header(path)
    assert str(caught.value) == f"{path} is no ONNX model, or is damaged ({reason}): copy or export it again"


def test_nesting_without_end_is_refused(tmp_path):
    """Each level is a subgraph in an attribute of a node; a Python stack would not survive the full depth."""
    data = b""
    for _ in range(400):
        for field in (0x32, 0x2A, 0x0A):  # attribute.g, node.attribute, graph.node
            data = bytes([field]) + _length(len(data)) + data
    path = tmp_path / "deep.onnx"
    path.write_bytes(b"\x3a" + _length(len(data)) + data)
    with pytest.raises(ModelError, match="nested deeper than 100 messages"):
        read_header(path)


def _length(number: int) -> bytes:
    data = []
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*data, number])


@given(st.binary(max_size=300))
def test_garbage_never_crashes(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "garbage.onnx"
    path.write_bytes(data or b"\x00")
    try:
        read_header(path)
    except ModelError as error:
        assert "is no ONNX model" in str(error)


@given(st.data())
def test_damaged_models_never_crash(tmp_path_factory, data):
    model = bytearray(build_tiny_onnx())
    for _ in range(data.draw(st.integers(1, 5))):
        model[data.draw(st.integers(0, len(model) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(model[: data.draw(st.integers(1, len(model)))])
    try:
        header = read_header(path)
    except ModelError as error:
        assert "is no ONNX model" in str(error)
    else:
        assert isinstance(header.metadata, dict)
