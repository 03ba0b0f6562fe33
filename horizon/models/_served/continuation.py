"""Requests of plain text to be continued, by a server's completions endpoint, and their bodies as those of chats.

Source: the OpenAI API reference, POST /completions, which llama.cpp, vLLM, SGLang, TGI and Ollama have too.
"""

import json
from typing import Any

from horizon.core.continuation import MOST_WORD_TOKENS
from horizon.core.model import ModelOptions, Request

PATH = "/completions"


def continuation_body(chat: dict[str, Any], request: Request, options: ModelOptions) -> dict[str, Any]:
    """Return the body of a completions request with the sampling of a chat's; the limit is always `max_tokens`."""
    shared = {name: value for name, value in chat.items() if name not in ("messages", "max_completion_tokens")}
    is_word = options.continues == "word"
    most = min(request.max_tokens, MOST_WORD_TOKENS) if is_word else request.max_tokens
    return {**shared, "prompt": chat["messages"][-1]["content"], "max_tokens": most, "stop": ["\n"]}


def as_chat(body: bytes) -> bytes:
    """Return the body of a completion with each choice's text as a message; any other body as it is."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return body
    choices = answer.get("choices") if isinstance(answer, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and "message" not in choice and "text" in choice:
            choice["message"] = {"role": "assistant", "content": choice["text"]}
    return json.dumps(answer).encode() if choices else body
