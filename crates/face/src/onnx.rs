//! The little of the ONNX format that is read here before ONNX Runtime reads all of it: where the fields of a message lie.
//!
//! **In**: the bytes of a file. **Out**: ranges of them. **What can go wrong**: bytes that are no such file have no fields,
//! or fewer; ONNX Runtime says what is wrong with them.

use std::ops::Range;

// Fields of the messages `ModelProto`, `GraphProto`, `TensorProto` and `NodeProto`.
pub(crate) const GRAPH: u64 = 7;
pub(crate) const NODE: u64 = 1;
pub(crate) const INITIALIZER: u64 = 5;
pub(crate) const DIMS: u64 = 1;
pub(crate) const DATA_TYPE: u64 = 2;
pub(crate) const TENSOR_NAME: u64 = 8;
pub(crate) const RAW_DATA: u64 = 9;
pub(crate) const NODE_INPUT: u64 = 1;
pub(crate) const NODE_OUTPUT: u64 = 2;
pub(crate) const OPERATOR: u64 = 4;
pub(crate) const ATTRIBUTE: u64 = 5;
/// The data type of 32-bit floats.
pub(crate) const FLOAT: [u8; 1] = [1];

/// A field of a message: its number, the whole of it, and its value alone.
pub(crate) type Field = (u64, Range<usize>, Range<usize>);

/// The fields of a message, in order; those before the first thing that is no field.
pub(crate) fn all(bytes: &[u8], message: Range<usize>) -> Vec<Field> {
    let (mut found, mut at) = (Vec::new(), message.start);
    while at < message.end {
        let Some((key, start)) = varint(bytes, at) else { break };
        let value = match key & 7 {
            0 => varint(bytes, start).map(|(_, end)| start..end),
            1 => Some(start..start.saturating_add(8)),
            2 => varint(bytes, start)
                .and_then(|(length, from)| Some(from..from.checked_add(usize::try_from(length).ok()?)?)),
            5 => Some(start..start.saturating_add(4)),
            _ => None,
        };
        let Some(value) = value.filter(|value| value.end <= message.end) else { break };
        found.push((key >> 3, at..value.end, value.clone()));
        at = value.end;
    }
    found
}

/// Where the values of one field of a message lie.
pub(crate) fn fields(bytes: &[u8], message: Range<usize>, wanted: u64) -> Vec<Range<usize>> {
    let all = all(bytes, message).into_iter();
    all.filter(|(number, ..)| *number == wanted).map(|(_, _, value)| value).collect()
}

/// The number at `at`, seven bits a byte, the lowest first, and where it ends.
pub(crate) fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (place, byte) in bytes.get(at..)?.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * place as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, at + place + 1));
        }
    }
    None
}

/// A field that holds a number.
pub(crate) fn number(field: u64, value: u64) -> Vec<u8> {
    [written(field << 3), written(value)].concat()
}

/// A field that holds bytes: a text, a message, values.
pub(crate) fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [&written(field << 3 | 2), &written(value.len() as u64), value].concat()
}

fn written(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}
