"""boto3 lives here and nowhere else; it is imported when a client is made."""
