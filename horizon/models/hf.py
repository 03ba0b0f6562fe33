"""The backend `hf:ORG/NAME` or `hf:./folder`: transformers in this process, greedy or sampled by seed."""

import os
from pathlib import Path

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import require
from horizon.core.model import Capabilities, Model, ModelOptions
from horizon.core.records import Json
from horizon.models._local.identity import folder_identity, hub_revision

CAPABILITIES = Capabilities(ranks_replies=True, controls_recall=True, argument="name")


def open_model(argument: str, options: ModelOptions) -> Model:
    """Return the model of a hub name or a folder.

    Raises:
        UsageError: no name, a folder that is not there, or the extra `local` is not installed.
        ModelFailure: it can't be loaded.
    """
    require("torch", "transformers", extra="local", purpose=f"model 'hf:{argument}'")
    from horizon.models._local.loading import WeightSource
    from horizon.models._local.model import LocalModel

    if not argument:
        raise UsageError("hf: needs a name or a folder, as hf:HuggingFaceTB/SmolLM2-135M-Instruct or hf:./folder")
    name = f"hf:{argument}"
    folder = Path(argument).expanduser()
    is_path = argument.startswith((".", "/", "~")) or folder.is_dir()
    if is_path and not (folder / "config.json").is_file():
        raise UsageError(f"{name}: no model in {folder} (it has no config.json): give the folder of a saved model")
    if is_path:
        identity: dict[str, Json] = {"backend": "hf", "folder": str(folder), **folder_identity(folder)}
        return LocalModel(WeightSource(name, str(folder), None, identity), options)
    try:
        model = LocalModel(WeightSource(name, argument, None, {"backend": "hf", "name": argument}), options)
    except ModelFailure as failure:
        if os.environ.get("HF_HUB_OFFLINE") == "1":
            raise ModelFailure(
                f"{failure} (HF_HUB_OFFLINE=1 is set: only models that were downloaded before are found)"
            ) from None
        raise
    # Known only after loading, which may have downloaded the files.
    revision = hub_revision(argument)
    return model.known_as({"backend": "hf", "name": argument, "revision": revision})
