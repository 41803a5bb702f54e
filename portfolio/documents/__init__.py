"""What leaves the house: documents made of plain rows."""
