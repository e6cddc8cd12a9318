"""The code that a component reaches, by static analysis, for the cache key."""
