//! The examples that come with the service.

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../policies/", $name)))),+]
    };
}

/// Name and text of each.
pub const SHIPPED: [(&str, &str); 10] = *files![
    "beijing.toml",
    "changsha.toml",
    "guangzhou.toml",
    "kunming.toml",
    "nanjing.toml",
    "nationwide.toml",
    "qingdao.toml",
    "shanghai.toml",
    "shenzhen.toml",
    "xiangtan.toml",
];
