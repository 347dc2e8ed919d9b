"""HTTP/1.1 over TLS for both ends of the RA-to-CA hop: messages, a server and a client.

Written here, on `httptools`, because the enrollment services under test are told apart by what ready-made
servers hide: connection-bound authentication, exact header bytes, half-written answers, time per phase.
"""
