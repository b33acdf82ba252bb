"""This module is what the shell completes besides commands and options: names that xbarsim knows."""


def presets(incomplete: str) -> list[str]:
    """Return the device presets that begin so."""
    from xbarsim.parameters import preset_names

    return [name for name in preset_names() if name.startswith(incomplete)]


def recipes(incomplete: str) -> list[str]:
    """Return the training recipes that begin so."""
    from xbarsim.learning import recipe_names

    return [name for name in recipe_names() if name.startswith(incomplete)]


def datasets(incomplete: str) -> list[str]:
    """Return the data sets that begin so."""
    return [name for name in ("digits", "mnist", "cifar10") if name.startswith(incomplete)]


def gains(incomplete: str) -> list[str]:
    """Return the read-out gains that begin so."""
    return [name for name in ("none", "layer", "tile", "column") if name.startswith(incomplete)]
