"""The control of the parts' processes: on their owner's side, over HTTP, and as a client."""
