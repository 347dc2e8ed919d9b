"""NTLM over HTTP (MS-NLMP): the messages, the server's acceptor and the client's initiator."""
