"""ONNX networks compute here what ONNX's own reference computes, and what cannot be is named."""

import io
import json
import sys

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn
from typer.testing import CliRunner

import xbarsim as xb
from xbarsim.cli.app import app
from xbarsim.errors import MissingPackageError, ParameterError, StorageError
from xbarsim.exchange import as_network, from_onnx
from xbarsim.learning import load_network, load_recipe, save_network
from xbarsim.learning.build import initial_network


def draws(*shape, seed=4):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) - 0.4


def filled(network, seed=1):
    for k, (name, tensor) in enumerate(network.state_dict().items()):
        if tensor.is_floating_point():
            value = draws(*tensor.shape, seed=seed + k)
            tensor.copy_(value.abs() + 0.2 if name.endswith("running_var") else value)
    return network.eval()


def exported(network, *shape, **options):
    stream = io.BytesIO()
    torch.onnx.export(
        network, (torch.zeros(1, *shape),), stream, dynamo=False, do_constant_folding=False,
        input_names=["image"], dynamic_axes={"image": {0: "batch"}}, **options,
    )  # fmt: skip
    return onnx.load_from_string(stream.getvalue())


def same(model, *shape):
    """Both the reference and xbarsim see the same model and a batch of three."""
    found = from_onnx(model)
    x = draws(3, *shape, seed=9)
    (wanted,) = ReferenceEvaluator(model).run(None, {model.graph.input[0].name: x.numpy()})
    with torch.no_grad():
        out = found(x).numpy()
    assert out.shape == wanted.shape
    assert np.abs(wanted).max() > 1e-3
    np.testing.assert_allclose(out, wanted, rtol=2e-5, atol=2e-6)
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_out_and_in_again_with_every_layer(tmp_path):
    network = filled(nn.Sequential(
        nn.Conv2d(2, 4, (3, 5), stride=(1, 2), padding=(1, 2), dilation=(2, 1)), nn.BatchNorm2d(4),
        nn.ReLU(), nn.AvgPool2d(2, padding=1, count_include_pad=False), nn.Dropout(0.5),
        nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False), nn.MaxPool2d((2, 1)), nn.Flatten(),
        nn.Linear(6 * 2 * 4, 5), nn.BatchNorm1d(5, eps=1e-3), nn.ReLU(), nn.Linear(5, 3, bias=False),
    ))  # fmt: skip
    model = exported(network, 2, 9, 11, training=torch.onnx.TrainingMode.PRESERVE)
    kinds = {node.op_type for node in model.graph.node}
    assert {"BatchNormalization", "Conv", "Gemm", "MatMul", "MaxPool"} <= kinds
    found = same(model, 2, 9, 11)
    x = draws(2, 2, 9, 11)
    torch.testing.assert_close(found(x), network(x), rtol=1e-5, atol=1e-6)
    onnx.save(model, tmp_path / "net.onnx")
    for source in (tmp_path / "net.onnx", model):
        assert torch.equal(as_network(source)(x), found(x))


class Own(nn.Module):
    def __init__(self, *, by_size):
        super().__init__()
        self.by_size = by_size
        self.conv = nn.Conv1d(3, 4, 2)
        self.fc = nn.Linear(4 * 4, 2)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        return self.fc(x.view(x.size(0), -1) if self.by_size else x.flatten(1))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_module_with_its_own_forward():
    same(exported(filled(Own(by_size=False)), 3, 5), 3, 5)
    with pytest.raises(ParameterError, match="'/Relu' feeds several others"):
        from_onnx(exported(Own(by_size=True), 3, 5))


def graph_of(nodes, constants, shape=("batch", 6)):
    """Return a model of nodes (kind, inputs, attributes) that make a, b, c, ... one after the other."""
    made = [
        helper.make_node(kind, inputs, [chr(97 + k)], name=f"n{k}", **attributes)
        for k, (kind, inputs, attributes) in enumerate(nodes)
    ]
    float32 = TensorProto.FLOAT
    graph = helper.make_graph(
        made, "g", [helper.make_tensor_value_info("x", float32, shape)],
        [helper.make_tensor_value_info(made[-1].output[0], float32, None)],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


W = draws(6, 4).numpy()
K = draws(4, 2, 3, 3).numpy()
IMAGE = ("batch", 2, 6, 6)


@pytest.mark.parametrize(
    ("nodes", "constants", "shape"),
    [
        ([("Gemm", ["x", "w", "v"], {"alpha": 0.5, "beta": 3.0})], {"w": W, "v": W[:1, :4]}, (6,)),
        ([("Gemm", ["x", "w"], {"transB": 1})], {"w": np.ascontiguousarray(W.T)}, (6,)),
        ([("MatMul", ["x", "w"], {}), ("Add", ["v", "a"], {})], {"w": W, "v": W[2]}, (6,)),
        ([("Conv", ["x", "w"], {}), ("Add", ["a", "v"], {}), ("Relu", ["b"], {}),
          ("GlobalAveragePool", ["c"], {}), ("Reshape", ["d", "s"], {})],
         {"w": K, "v": K[:, 0, :1, :1], "s": np.array([0, -1])}, IMAGE[1:]),
        ([("Conv", ["x", "w"], {"auto_pad": "VALID", "strides": [2, 1]}), ("Identity", ["a"], {}),
          ("AveragePool", ["b"], {"kernel_shape": [1, 2], "ceil_mode": 1})], {"w": K}, IMAGE[1:]),
    ],
)  # fmt: skip
def test_graphs_of_other_tools(nodes, constants, shape):
    same(graph_of(nodes, constants, ("batch", *shape)), *shape)


def test_float64_and_constant_nodes_become_float32_layers():
    model = graph_of([("Gemm", ["x", "k"], {})], {})
    value = numpy_helper.from_array(W.astype(np.float64))
    model.graph.node.insert(0, helper.make_node("Constant", [], ["k"], value=value))
    (layer,) = from_onnx(model)
    np.testing.assert_array_equal(layer.weight.detach().numpy(), W.T)


@pytest.mark.parametrize(
    ("nodes", "constants", "match"),
    [
        ([("Gemm", ["x", "w"], {}), ("Softmax", ["a"], {})], {"w": W}, "'n1' is an ONNX Softmax"),
        ([("Gemm", ["x", "w"], {}), ("Add", ["a", "x"], {})], {"w": W}, "'n1' .Add. reads .'a', 'x'"),
        ([("Relu", ["x"], {}), ("Add", ["a", "w"], {})], {"w": W[0]}, "'n1' .*adds to something"),
        ([("Gemm", ["x", "w"], {}), ("Add", ["a", "v"], {})], {"w": W, "v": W[:3, 1]}, r"shape \(3,\)"),
        ([("Gemm", ["x", "w"], {"transA": 1})], {"w": W}, "'n0' .*transposes its input"),
        ([("MatMul", ["w", "x"], {})], {"w": W}, "'n0' .*from the left"),
        ([("Flatten", ["x"], {"axis": 0})], {}, "'n0' .*from axis 0"),
        ([("Reshape", ["x", "s"], {})], {"s": np.array([3, 2])}, r"'n0' .*reshapes to \[3, 2\]"),
        ([("Conv", ["x", "w"], {"pads": [0, 1, 0, 2]})], {"w": K}, "not the same at both ends"),
        ([("Conv", ["x", "w"], {"auto_pad": "SAME_UPPER"})], {"w": K}, "auto_pad=SAME_UPPER"),
        ([("Relu", ["x"], {}), ("Relu", ["a"], {}), ("Add", ["a", "b"], {})], {}, "'n0' feeds several"),
        ([("Gemm", ["x", "w"], {"domain": "com.other"})], {"w": W}, "ONNX com.other.Gemm"),
        ([("Dropout", ["x", "r", "t"], {})], {"r": np.float32(0.5), "t": np.array(True)}, "Dropout"),
    ],
)  # fmt: skip
def test_what_xbarsim_cannot_express_is_named(nodes, constants, match):
    with pytest.raises(ParameterError, match=match):
        from_onnx(graph_of(nodes, constants))


def test_a_file_that_is_no_onnx_file(tmp_path):
    (tmp_path / "net.onnx").write_text("no protobuf at all")
    with pytest.raises(StorageError, match=r"net\.onnx is not an ONNX file"):
        xb.as_network(tmp_path / "net.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(ParameterError, match=r"has the inputs \[\]"):
        xb.from_onnx(tmp_path / "empty.onnx")


@pytest.mark.parametrize(("name", "package"), [("net.nir", "nir"), ("net.onnx", "onnx")])
def test_without_the_package_the_command_says_how_to_get_it(tmp_path, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    wanted = rf"need the package {package}: pip install 'xbarsim\[{package}\]'"
    with pytest.raises(MissingPackageError, match=wanted):
        CliRunner().invoke(app, ["infer", str(tmp_path / name)], catch_exceptions=False)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_infer_takes_an_onnx_file_as_it_takes_the_checkpoint(tmp_path):
    recipe = load_recipe("digits-ann")
    save_network(initial_network(recipe), recipe, tmp_path / "net.safetensors")
    network, _ = load_network(tmp_path / "net.safetensors")
    onnx.save(exported(network, 1, 8, 8), tmp_path / "net.onnx")
    options = ["--images", "60", "--tile", "32", "--allow-unvalidated", "--json"]
    found = [
        json.loads(CliRunner().invoke(app, ["infer", str(tmp_path / name), *options]).stdout)
        for name in ("net.safetensors", "net.onnx")
    ]
    assert found[0] == found[1]
    assert len(found[0]["hardware"]) == 1
