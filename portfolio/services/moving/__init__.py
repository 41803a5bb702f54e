"""A whole school out of an installation and into another, to the row and to the byte (docs/school-archive.md)."""
