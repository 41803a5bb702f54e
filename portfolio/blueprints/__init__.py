"""The pages, by audience; thin."""
