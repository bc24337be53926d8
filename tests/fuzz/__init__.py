"""Mutated declarations: reading gives tables or a refusal, in bounded time and memory."""
