"""Which decoded pictures are whole: those that no damage has reached, neither their own nor that of one before."""

from __future__ import annotations

_FORGOTTEN_S = 10.0  # after damage, in streams that never send a whole picture but refresh it part by part


class DamageWatch:
    """Follows a stream picture by picture, in the order in which they are shown.

    A picture that is made from a damaged one is damaged as well, though its decoder says nothing of it. So pictures
    count as whole again from the next key frame on that is whole itself.
    """

    def __init__(self) -> None:
        self._doubtful_s: float | None = None  # the latest time of which bytes are missing
        self._damaged_s: float | None = None  # when the last damaged picture was taken; None: all is whole

    def doubt(self, at_s: float | None) -> None:
        """Takes notice of bytes that are damaged or missing, before a picture comes of them.

        Args:
            at_s: Which picture they belong to, by its time; None where that is not known.
        """
        if at_s is None:
            self._damaged_s = self._damaged_s if self._damaged_s is not None else 0.0
        else:
            self._doubtful_s = at_s if self._doubtful_s is None else max(self._doubtful_s, at_s)

    def is_whole(self, at_s: float, *, key: bool, marked: bool) -> bool:
        """Judges the next picture.

        Args:
            at_s: Its time in seconds.
            key: Whether it is made of itself alone.
            marked: Whether the decoder says that it is damaged.
        """
        reached = self._doubtful_s is not None and at_s >= self._doubtful_s
        beyond = self._doubtful_s is None or at_s > self._doubtful_s
        if marked:
            self._damaged_s = at_s
        elif key and beyond:
            self._damaged_s = None
        elif reached and self._damaged_s is None:
            self._damaged_s = at_s
        elif self._damaged_s is not None and at_s - self._damaged_s > _FORGOTTEN_S:
            self._damaged_s = None
        if self._doubtful_s is not None and beyond:
            self._doubtful_s = None
        return self._damaged_s is None and not marked
