"""How real simulated claims look, whom they disclose, and how hard their fraud is to find.

Everything here works on frames: claims with their contract columns, the answer sheet, the base.
Nothing generates, scores or opens a database. Definitions and sources: docs/realism.md.
"""
