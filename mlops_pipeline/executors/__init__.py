"""The body of a component: called in this process, over Beam or in a container."""
