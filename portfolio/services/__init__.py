"""The verbs: each changes the store and writes its audit event, in the caller's transaction."""
