//! How the values that serialise as checked text or as a bare number appear in the service's OpenAPI document. None has
//! an example: nothing here may look like a real person's.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

use crate::{Area, Bytes32, Division, FrameTime, IdNumber, LoginName, Name, ReasonCode, Secret};

macro_rules! text_schema {
    ($($name:ident: $description:literal),+ $(,)?) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).description(Some($description)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

text_schema! {
    Bytes32: "Thirty-two bytes: 64 lower-case hex digits.",
    Name: "A name as in the register: 1 to 50 letters, `·` and spaces between them.",
    IdNumber: "A citizen ID number (GB 11643-1999), 18 characters.",
    Division: "An administrative division (GB/T 2260), six digits.",
    Area: "An area: a division of 6 digits (GB/T 2260), a street of 9, a community of 12, or `000000`.",
    LoginName: "A login name: 3 to 32 small letters, digits, `.`, `-` and `_`.",
    Secret: "A bearer token, a password or a code.",
}

impl PartialSchema for FrameTime {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some("Milliseconds on the phone's monotonic clock since the camera started."))
            .into()
    }
}

impl ToSchema for FrameTime {
    fn name() -> Cow<'static, str> {
        "FrameTime".into()
    }
}

impl PartialSchema for ReasonCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A stable reason code."))
            .enum_values(Some(Self::ALL.iter().map(|reason| reason.code())))
            .into()
    }
}

impl ToSchema for ReasonCode {
    fn name() -> Cow<'static, str> {
        "ReasonCode".into()
    }
}
