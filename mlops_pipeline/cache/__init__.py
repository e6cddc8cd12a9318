"""The cache: the key of a node, the search for a result, and why a node ran."""
