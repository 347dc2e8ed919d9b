"""What the fault servers can do, each as a fault of the chain: toxics on a hop, lies about the CA's name."""
