"""When it runs: the only room that knows Dagster. One file per noun, no business logic."""
