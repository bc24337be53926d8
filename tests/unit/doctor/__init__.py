"""The checks of `local.doctor`, each of which fails for real here."""
