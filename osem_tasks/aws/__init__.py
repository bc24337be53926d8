"""All use of boto3. It is imported only when a client is created."""
