"""The backend `student`: a chess student of 1.5 million parameters that ships inside Horizon."""

from pathlib import Path

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import require
from horizon.core.hashing import file_sha256
from horizon.core.model import Capabilities, Model, ModelOptions

CAPABILITIES = Capabilities(ranks_replies=True, controls_recall=True, argument="none")
FOLDER = Path(__file__).parents[1] / "distil" / "shipped"
_WEIGHTS = "model.safetensors"


def open_model(argument: str, options: ModelOptions) -> Model:
    """Return the shipped student of chess, made by `horizon distil`.

    Raises:
        UsageError: settings were given (there are none), or the extra `local` is not installed.
        ModelFailure: its files are missing or can't be loaded.
    """
    require("torch", "transformers", extra="local", purpose="model 'student'")
    from horizon.models._local.loading import WeightSource
    from horizon.models._local.model import LocalModel

    if argument:
        raise UsageError(f"student:{argument}: student takes no settings; other students are played as hf:FOLDER")
    weights = FOLDER / _WEIGHTS
    if not weights.is_file():
        raise ModelFailure(f"the student's weights are missing ({weights}): install Horizon again")
    identity = {"backend": "student", "task": "chess", "file": _WEIGHTS, "sha256": file_sha256(weights)}
    return LocalModel(WeightSource("student", str(FOLDER), None, identity), options)
