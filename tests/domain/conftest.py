"""Settings of the property tests."""

from hypothesis import settings

# A busy machine is not a failure: these tests are about results, not about time.
settings.register_profile("domain", deadline=None)
settings.load_profile("domain")
