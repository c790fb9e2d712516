"""PHONES: the phones of the ten English digits, and how each digit is said."""

from __future__ import annotations

DIGITS: dict[str, tuple[str, ...]] = {
    "0": ("Z", "IY", "R", "OW"),
    "1": ("W", "AH", "N"),
    "2": ("T", "UW"),
    "3": ("TH", "R", "IY"),
    "4": ("F", "AO", "R"),
    "5": ("F", "AY", "V"),
    "6": ("S", "IH", "K", "S"),
    "7": ("S", "EH", "V", "AH", "N"),
    "8": ("EY", "T"),
    "9": ("N", "AY", "N"),
}
PHONES = tuple(sorted({phone for phones in DIGITS.values() for phone in phones}))  # 19
LONGEST = max(len(phones) for phones in DIGITS.values())


def numbers_of(digits: str) -> list[int]:
    """The numbers of the phones, in PHONES, of digits that follow each other."""
    return [PHONES.index(phone) for digit in digits for phone in DIGITS[digit]]
