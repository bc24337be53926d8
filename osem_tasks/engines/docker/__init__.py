"""DynamoDB Local in a container."""
