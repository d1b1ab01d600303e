"""Remote BLS keys: EigenLayer's Cerberus, a gRPC server that keeps them and signs."""
