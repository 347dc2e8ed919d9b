"""The TCP fault proxy: real sockets, a real process, Toxiproxy's words."""
