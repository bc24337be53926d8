"""Repairs on a strict fake of DynamoDB's control plane: properties over random pairs."""
