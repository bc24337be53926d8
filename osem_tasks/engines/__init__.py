"""Local engines: DynamoDB Local in a container, moto's server as the embedded default."""
