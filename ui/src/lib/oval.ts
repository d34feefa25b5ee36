// Where the oval lies on the screen. It is fixed in the frame (crates/liveness, `Placement`): an upright ellipse at its
// centre, 0.7 of its height. The frame is drawn to fill its box; where that would push the oval out of sight, smaller.

/** Height of the oval over the height of the frame: `Placement::OVAL_HEIGHT`. */
const OVAL_HEIGHT = 0.7;
/** Width of the oval over its height: a face is about three quarters as wide as high. */
const OVAL_SHAPE = 0.75;
/** The oval takes at most this much of its box. */
const ROOM = 0.94;

export interface Size {
  width: number;
  height: number;
}

/** Size of the drawn frame and of the oval in a box, in the box's pixels; both are centred. */
export function layOut(frame: Size, box: Size): { frame: Size; oval: Size } {
  const fill = Math.max(box.width / frame.width, box.height / frame.height);
  const oval = { width: frame.height * OVAL_HEIGHT * OVAL_SHAPE, height: frame.height * OVAL_HEIGHT };
  const scale = Math.min(fill, (box.height * ROOM) / oval.height, (box.width * ROOM) / oval.width);
  const scaled = (size: Size): Size => ({ width: size.width * scale, height: size.height * scale });
  return { frame: scaled(frame), oval: scaled(oval) };
}
