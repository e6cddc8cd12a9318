"""The interface of a component: its signature, the types of its parameters, their schemas."""
