"""Steps of a panel's work by area, legal and illegal, and what holds whatever is tried in whatever order."""
