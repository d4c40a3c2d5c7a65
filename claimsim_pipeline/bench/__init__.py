"""The benchmarks that people can run, each beside the plain way of doing the same."""
