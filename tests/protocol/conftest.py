"""Properties are given time: how quick the machine is says nothing about them."""

from hypothesis import settings

settings.register_profile("mesh", settings.get_profile("unhurried"), max_examples=200)
settings.load_profile("mesh")
