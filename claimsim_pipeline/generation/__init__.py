"""How a claim is invented: brief, then draft, by a language model or offline."""
