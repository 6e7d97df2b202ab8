def divisible_by(value: float, divisor: int) -> int:
    """Round to the nearest multiple of `divisor`, never below 0.9 of the value."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
