"""llama.cpp's own HTTP server out of the wheel `xllamacpp`, as a process: FILE HOST PORT CONTEXT SLOTS.

For machines without the program `llama-server`; the server is the same code.
"""

import sys
import threading


def main(arguments: list[str]) -> None:
    """Serve a GGUF file until the process ends."""
    import xllamacpp

    file, host, port, context_tokens, slots = arguments
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.hostnames = [host]
    params.port = int(port)
    params.n_ctx = int(context_tokens) * int(slots)
    params.n_parallel = int(slots)
    params.kv_unified = False
    params.ctx_shift = False
    params.use_jinja = True
    # Samples from the model's whole distribution, as temperature and top_p ask.
    params.sampling.top_k = 0
    params.sampling.min_p = 0.0
    server = xllamacpp.Server(params)
    print(f"listening at {server.listening_address}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
