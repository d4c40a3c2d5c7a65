"""What is kept beside the trees: the model's manifest, and the folder both lie in.

`model.onnx` holds the trees, `model.json` all the rest: features, fills, categories, calibration,
the base it was trained on, and the checksum of the trees. Both are data, never pickles: loading
them runs nobody's code. A file that is damaged, from another version of the format or without its
other half is refused with `ModelUnusable`, and the caller trains anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from claimsim_pipeline.errors import DiskFull, FolderNotWritable, ModelUnusable
from claimsim_pipeline.scoring.calibration import Calibration
from claimsim_pipeline.scoring.features import FeatureSet

FORMAT = 1
TREES = "model.onnx"
MANIFEST = "model.json"


@dataclass(frozen=True)
class Manifest:
    """All that a model knows besides its trees.

    Attributes:
        features: The matrix columns, with fills and categories.
        calibration: ml_score -> [0, 1].
        offset: Added to the forest's anomaly so that 0 is the contamination line.
        mean_depth: The forest's normalising depth: number of trees x c(rows per tree).
        trees: How many.
        contamination: Share of the training population above the line.
        trained_rows: Size of the training sample.
        base_fingerprint: Of the table that the sample came from.
        trees_sha256: Checksum of `model.onnx`.
    """

    features: FeatureSet
    calibration: Calibration
    offset: float
    mean_depth: float
    trees: int
    contamination: float
    trained_rows: int
    base_fingerprint: str
    trees_sha256: str

    @property
    def version(self) -> str:
        """Short hash of the manifest, and through its checksum of the trees."""
        return "iforest-" + _sha256(_body(self))[:12]


def write(folder: Path, manifest: Manifest, trees: bytes) -> None:
    """Put both files into the folder; a reader sees the old model or the new one.

    The trees go first: between the two renames the old manifest refuses the new trees.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / TREES, trees)
        body = _body(manifest)
        seal = {"format": FORMAT, "sha256": _sha256(body), "manifest": json.loads(body)}
        text = json.dumps(seal, indent=2, ensure_ascii=False)
        _replace(folder / MANIFEST, text.encode())
    except OSError as error:
        raise _unwritable(folder, error) from error


def read(folder: Path) -> tuple[Manifest, bytes]:
    """The manifest and the trees of a folder.

    Raises:
        ModelUnusable: Nothing there, damaged, another format, or halves of two models.
    """
    try:
        sealed = json.loads((folder / MANIFEST).read_bytes())
        trees = (folder / TREES).read_bytes()
    except FileNotFoundError as error:
        raise _unusable(folder, "is not there") from error
    except (OSError, ValueError) as error:
        raise _unusable(folder, f"cannot be read ({type(error).__name__})") from error
    if not isinstance(sealed, dict) or sealed.get("format") != FORMAT:
        raise _unusable(folder, f"is not of format {FORMAT}")
    try:
        manifest = _parse(sealed["manifest"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unusable(folder, "has a damaged manifest") from error
    if _sha256(_body(manifest)) != sealed.get("sha256"):
        raise _unusable(folder, "has a manifest that was changed by hand")
    if _sha256(trees) != manifest.trees_sha256:
        raise _unusable(folder, "has trees that are not those of its manifest")
    return manifest, trees


def checksum(trees: bytes) -> str:
    """The checksum that a manifest holds of its trees."""
    return _sha256(trees)


def _parse(body: dict[str, Any]) -> Manifest:
    features = FeatureSet(
        {str(name): float(fill) for name, fill in body["features"]["fills"].items()},
        {str(name): tuple(names) for name, names in body["features"]["categories"].items()},
    )
    knots = body["calibration"]
    calibration = Calibration(tuple(knots["scores"]), tuple(knots["values"]))
    rest = {k: v for k, v in body.items() if k not in {"features", "calibration"}}
    return Manifest(features=features, calibration=calibration, **rest)


def _body(manifest: Manifest) -> bytes:
    return json.dumps(asdict(manifest), ensure_ascii=False).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.writing")
    try:
        # With the user's umask: whoever may simulate here may use the model.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o664), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _unusable(folder: Path, why: str) -> ModelUnusable:
    return ModelUnusable(
        f"the anomaly model in {folder} {why}; it will be trained anew: claimsim refresh-scores"
    )


def _unwritable(folder: Path, error: OSError) -> DiskFull | FolderNotWritable:
    import errno

    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"no space left for the anomaly model in {folder}; free some and try again")
    return FolderNotWritable(
        f"cannot write the anomaly model to {folder} ({error.strerror}); "
        "check the folder's permissions, or set SIM_HOME"
    )
