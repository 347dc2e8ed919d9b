"""EST as a client: the connection, the request, the reply, the certificate in it."""
