"""Real servers for the tests, on loopback, in throw-away folders: an S3 server and a PostgreSQL."""
