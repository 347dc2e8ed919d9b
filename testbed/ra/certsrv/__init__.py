"""The RA as curl: its calls to the CA's `/certsrv` and what can go wrong with them."""
