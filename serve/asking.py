"""The engine and its Askers, whose queries run in the worker processes."""
