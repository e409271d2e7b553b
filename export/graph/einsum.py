"""What an einsum costs, by its equation and the shapes it works on."""

from __future__ import annotations

from math import prod

Shape = tuple[int, ...]
_ANY = "..."


def einsum_products(equation: str, *shapes: Shape) -> int:
    """Counts the products of an einsum whose factors are multiplied one after the other, as they stand.

    Of two factors each pair of letters that meet is multiplied once: that is the product of the sizes of all letters.
    One factor alone is only moved and summed.

    Args:
        equation: As ONNX has it: "bc,cd->bd", "...c,cd->...d", or without an arrow.
        shapes: Of the factors.
    """
    terms, _, kept = equation.replace(" ", "").partition("->")
    named = [_letters(term, len(shape)) for term, shape in zip(terms.split(","), shapes, strict=True)]
    sizes: dict[str, int] = {}
    for letters, shape in zip(named, shapes, strict=True):
        for letter, size in zip(letters, shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))  # of those that stretch, 1 does
    last = set(_letters(kept, None)) if "->" in equation else _once(named)
    products, left = 0, set(named[0])
    for index, letters in enumerate(named[1:], 2):
        met = left | set(letters)
        products += prod(sizes[letter] for letter in met)
        needed = last.union(*named[index:])
        left = {letter for letter in met if letter in needed or letter.isdigit()}
    return products


def _letters(term: str, rank: int | None) -> list[str]:
    """Returns the letters of a term; what three dots stand for are numbers, counted from the last dimension."""
    before, dots, after = term.partition(_ANY)
    hidden = 0 if rank is None or not dots else rank - len(before) - len(after)
    return [*before, *(str(hidden - place) for place in range(hidden)), *after]


def _once(named: list[list[str]]) -> set[str]:
    """Returns the letters that stand once in all terms: what an einsum without an arrow keeps."""
    every = [letter for letters in named for letter in letters]
    return {letter for letter in every if every.count(letter) == 1}
