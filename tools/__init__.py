"""What the project runs on itself: writers of generated pages and records. Not in the wheel."""
