"""Elimination by modular images: resultants over many prime fields, put together by the Chinese remainder theorem."""
