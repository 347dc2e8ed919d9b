"""For stock Locust: `locust -f loadtests/locustfile.py --host https://HOST:PORT`."""

from locust import events

from loadtests.swarm.users import PhoneUser, register

__all__ = ["PhoneUser"]

register(events)
