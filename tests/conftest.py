from hypothesis import settings

settings.register_profile("house", deadline=None)  # the first call pays for imports and start-up
settings.load_profile("house")
