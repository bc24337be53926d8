"""DynamoDB Local's jar on the Java of this machine: the engine for machines without Docker."""
