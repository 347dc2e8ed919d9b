"""The phones: who they are, their keys and requests, and where those wait until they are needed."""
