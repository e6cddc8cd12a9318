"""Worker processes: started ahead, given one task each, and watched."""
