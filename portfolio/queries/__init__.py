"""One function a page, in as few statements as it takes; plain rows come back."""
