"""The story of a run: plan, stages, pace, publication."""
