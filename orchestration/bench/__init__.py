"""The benchmarks anyone can run."""
