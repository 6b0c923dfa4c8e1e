"""Every test of the repository may use the fixtures of `shared.testing`."""

pytest_plugins = ("shared.testing.plugin",)
