"""Models as they are served: loaded in a process of their own, asked, served."""
