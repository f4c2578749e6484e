"""A model that reads words, pictures and state vectors in one sentence, after PaLM-E."""
