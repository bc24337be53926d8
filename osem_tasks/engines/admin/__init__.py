"""A data browser on a local engine: dynamodb-admin, as a process of Node.js or in a container."""
