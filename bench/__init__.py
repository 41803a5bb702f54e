"""What `make bench` measures: milliseconds, statements, bytes and memory of the real server on real data."""
