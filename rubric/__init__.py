"""The rubric and everything that can be computed from it: no web, no database, no clock."""
