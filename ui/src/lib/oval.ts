// Where the oval lies on the screen, and which way a face is from it. It is fixed in the frame (crates/liveness, `Placement`): an upright ellipse at its
// centre, 0.7 of its height. The frame is drawn to fill its box; where that would push the oval out of sight, smaller.

/** Height of the oval over the height of the frame: `Placement::OVAL_HEIGHT`. */
const OVAL_HEIGHT = 0.7;
/** Width of the oval over its height: a face is about three quarters as wide as high. */
const OVAL_SHAPE = 0.75;
/** The oval takes at most this much of its box. */
const ROOM = 0.94;

/** Between the oval and what lies over the picture above it, in pixels. */
const GAP = 8;

export interface Size {
  width: number;
  height: number;
}

/** How frame and oval are drawn in a box, in the box's pixels: both centred at half the width and at `centre` from the top. The
    oval keeps clear of the uppermost `covered` pixels, where the buttons lie. */
export function layOut(frame: Size, box: Size, covered = 0): { frame: Size; oval: Size; centre: number } {
  const top = covered > 0 ? covered + GAP : 0;
  const free = Math.max(box.height - top, 1);
  const fill = Math.max(box.width / frame.width, box.height / frame.height);
  const oval = { width: frame.height * OVAL_HEIGHT * OVAL_SHAPE, height: frame.height * OVAL_HEIGHT };
  const scale = Math.min(fill, (free * ROOM) / oval.height, (box.width * ROOM) / oval.width);
  const scaled = (size: Size): Size => ({ width: size.width * scale, height: size.height * scale });
  const centre = Math.max(box.height / 2, top + (oval.height * scale) / 2);
  return { frame: scaled(frame), oval: scaled(oval), centre };
}

export type Way = 'left' | 'right' | 'up' | 'down';

/** The way to move for a face that is off the middle, as the person has it: in the frame their left is on the right. */
export function wayBack({ dx, dy }: { dx: number; dy: number }): Way {
  if (Math.abs(dx) >= Math.abs(dy)) return dx > 0 ? 'right' : 'left';
  return dy > 0 ? 'up' : 'down';
}
