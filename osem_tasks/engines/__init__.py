"""Local engines: DynamoDB Local in a container, ministack, and moto's server as the embedded default."""
