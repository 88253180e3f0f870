"""The screen: what a person sees of Mesh in a terminal."""
