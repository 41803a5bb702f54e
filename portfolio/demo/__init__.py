"""The demo: three invented schools with their evidence, scores and panel, as data and as real files."""
