"""The generator that asks a language model, and never pays twice for a reply."""
