"""A package as an archive that outlives this software: BagIt (RFC 8493) in a ZIP, made while it is sent."""
