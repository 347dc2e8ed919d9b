"""What can be wrong with TLS between phones, RA and CA: certificates, versions, ciphers, the handshake."""
