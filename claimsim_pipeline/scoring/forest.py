"""An isolation forest as an ONNX graph: one node, the trees, their path lengths at the leaves.

skl2onnx converts the same forest into one sub-graph per tree with gathers and logarithms between
them; that graph is larger and slower, and its float32 sums depend on how threads share the trees.
Here the leaves already hold the path length (depth + the average depth of what was left unsplit),
so a claim's score is a plain sum over trees, and two roundings make that sum exact:

* a threshold is rounded down to a float32, so `x <= threshold` decides as scikit-learn does on the
  float32 features that both see;
* a path length is rounded to a multiple of a power of two small enough that the sum over all trees
  fits the 24 bits of a float32. Then addition is exact in any order, and the score does not depend
  on batch size or thread count.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 15
ML_OPSET = 3
_MANTISSA_BITS = 24


def average_depth(rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """c(n): the average depth of an unsuccessful search in a tree of n rows (Liu et al., 2008)."""
    n = np.maximum(rows, 3).astype(np.float64)
    deep = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, deep))


def to_onnx(forest: Any, width: int) -> bytes:
    """A fitted scikit-learn `IsolationForest` as ONNX: float32 rows in, summed path length out."""
    from onnx import TensorProto, helper

    attributes = _attributes([tree.tree_ for tree in forest.estimators_])
    node = helper.make_node(
        "TreeEnsembleRegressor", ["rows"], ["depth"], domain="ai.onnx.ml", **attributes
    )
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])
    depth = helper.make_tensor_value_info("depth", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([node], "isolation_forest", [rows], [depth])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(graph, producer_name="claimsim", opset_imports=opsets, ir_version=8)
    return bytes(model.SerializeToString())


def _attributes(trees: list[Any]) -> dict[str, Any]:
    sizes = [int(tree.node_count) for tree in trees]
    left = np.concatenate([tree.children_left for tree in trees])
    leaf = left < 0
    tree_ids = np.repeat(np.arange(len(trees)), sizes)
    node_ids = np.concatenate([np.arange(size) for size in sizes])
    depths = np.concatenate([_path_lengths(tree) for tree in trees])
    thresholds = np.concatenate([tree.threshold for tree in trees])
    right = np.concatenate([tree.children_right for tree in trees])
    features = np.concatenate([tree.feature for tree in trees])
    return {
        "n_targets": 1,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "nodes_treeids": tree_ids.tolist(),
        "nodes_nodeids": node_ids.tolist(),
        "nodes_featureids": np.where(leaf, 0, features).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_values": np.where(leaf, 0.0, _rounded_down(thresholds)).tolist(),
        "nodes_truenodeids": np.where(leaf, 0, left).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, right).tolist(),
        "target_treeids": tree_ids[leaf].tolist(),
        "target_nodeids": node_ids[leaf].tolist(),
        "target_ids": np.zeros(int(leaf.sum()), dtype=np.int64).tolist(),
        "target_weights": _exact(depths[leaf], len(trees)).tolist(),
    }


def _path_lengths(tree: Any) -> NDArray[np.float64]:
    """For each node: its depth plus what further splitting of its rows would have added."""
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1.0
    return depth + average_depth(tree.n_node_samples)


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest float32 not above each threshold: the same `<=` for every float32 feature."""
    near = thresholds.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > thresholds, below, near).astype(np.float64)


def _exact(lengths: NDArray[np.float64], trees: int) -> NDArray[np.float64]:
    """Path lengths on a grid on which any sum over all trees is exact in float32."""
    bits = math.ceil(math.log2(trees * (float(lengths.max(initial=1.0)) + 1.0)))
    grid = 2.0 ** (bits - _MANTISSA_BITS)
    return np.asarray(np.round(lengths / grid) * grid, dtype=np.float64)
