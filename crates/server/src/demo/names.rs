//! Names that could be anybody's of that generation.

use super::draw::Draw;

/// Frequent surnames with their share of the population in ten-thousandths, roughly.
const SURNAMES: [(&str, u64); 60] = [
    ("王", 719),
    ("李", 714),
    ("张", 683),
    ("刘", 516),
    ("陈", 447),
    ("杨", 308),
    ("黄", 222),
    ("赵", 212),
    ("吴", 200),
    ("周", 198),
    ("徐", 146),
    ("孙", 145),
    ("马", 121),
    ("朱", 115),
    ("胡", 112),
    ("郭", 107),
    ("何", 104),
    ("林", 103),
    ("罗", 99),
    ("高", 98),
    ("郑", 92),
    ("梁", 84),
    ("谢", 77),
    ("宋", 75),
    ("唐", 72),
    ("许", 66),
    ("韩", 66),
    ("邓", 61),
    ("冯", 61),
    ("曹", 60),
    ("彭", 57),
    ("曾", 56),
    ("肖", 55),
    ("田", 54),
    ("董", 53),
    ("潘", 52),
    ("袁", 51),
    ("蔡", 50),
    ("蒋", 49),
    ("余", 48),
    ("于", 47),
    ("杜", 46),
    ("叶", 45),
    ("程", 44),
    ("魏", 43),
    ("苏", 42),
    ("吕", 41),
    ("丁", 40),
    ("任", 39),
    ("卢", 38),
    ("姚", 37),
    ("沈", 36),
    ("钟", 35),
    ("姜", 34),
    ("崔", 33),
    ("谭", 32),
    ("欧阳", 8),
    ("司徒", 3),
    ("上官", 2),
    ("诸葛", 2),
];

/// Given names before and after about 1955.
const WOMEN_EARLY: &str =
    "秀英 桂英 玉兰 凤英 素珍 玉珍 桂兰 秀兰 淑珍 翠英 金凤 月娥 巧云 春兰 秋菊 惠芳 淑贞 桂芝 玉梅 银花 兰 珍 凤 贞";
const WOMEN_LATE: &str =
    "丽华 建华 红梅 爱华 秀芳 卫红 小红 丽萍 海燕 春梅 艳 敏 静 丽娟 美玲 晓燕 秀梅 玉华 玉霞 淑芬 建英 梅 萍 霞";
const MEN_EARLY: &str =
    "德福 福生 长生 有才 玉山 宝山 守义 文明 振华 树林 金生 国栋 永福 福全 德胜 家声 世昌 明义 忠 义 福 贵 海 山";
const MEN_LATE: &str =
    "建国 建军 国强 志强 卫东 建平 志明 国华 永强 红军 跃进 援朝 爱国 文革 立新 建设 海涛 志刚 伟 强 军 勇 平 刚";
/// Names with the dot, as they stand on cards in Xinjiang.
const DOTTED: [&str; 8] = [
    "阿依古丽·买买提",
    "古丽娜尔·吐尔逊",
    "帕提古丽·艾合买提",
    "热孜万古丽·阿不都拉",
    "买买提·吐尔逊",
    "艾力·玉素甫",
    "库尔班·阿不力孜",
    "吐尔逊江·热合曼",
];
/// Letters that not every computer shows.
const RARE: [&str; 6] = ["𬎆", "㛃", "喆", "堃", "犇", "赟"];
const LATE_FROM: i32 = 1955;
const XINJIANG: u32 = 65;

/// A name.
pub(super) fn name(draw: &mut Draw, female: bool, born: i32, province: u32) -> String {
    if province == XINJIANG && draw.chance(500_000) {
        let half = if female { &DOTTED[..4] } else { &DOTTED[4..] };
        return draw.one(half).map(|name| (*name).to_owned()).unwrap_or_default();
    }
    let mut name = surname(draw).to_owned();
    if draw.chance(4_000) {
        name.push_str(draw.one(&RARE).copied().unwrap_or_default());
        return name;
    }
    let given = match (female, born < LATE_FROM) {
        (true, true) => WOMEN_EARLY,
        (true, false) => WOMEN_LATE,
        (false, true) => MEN_EARLY,
        (false, false) => MEN_LATE,
    };
    let count = given.split(' ').count() as u64;
    let at = usize::try_from(draw.below(count)).unwrap_or(0);
    name.push_str(given.split(' ').nth(at).unwrap_or_default());
    name
}

fn surname(draw: &mut Draw) -> &'static str {
    let whole = SURNAMES.iter().map(|(_, share)| share).sum();
    let mut at = draw.below(whole);
    for (surname, share) in SURNAMES {
        match at.checked_sub(share) {
            Some(rest) => at = rest,
            None => return surname,
        }
    }
    SURNAMES[0].0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jianzai_wire::Name;

    use super::*;

    #[test]
    fn every_name_can_stand_in_a_register() {
        let mut seen = BTreeMap::<String, u32>::new();
        for person in 0..20_000 {
            let mut draw = Draw::new(1, person, 1);
            let province = if person % 10 == 0 { XINJIANG } else { 44 };
            let name = name(&mut draw, person % 2 == 0, 1930 + (person % 45) as i32, province);
            assert_eq!(Name::parse(&name).unwrap().expose(), name);
            *seen.entry(name).or_default() += 1;
        }
        assert!(seen.len() > 2_000, "{}", seen.len());
        let dotted: u32 = seen.iter().filter(|(name, _)| name.contains('·')).map(|(_, count)| count).sum();
        assert!((800..1_200).contains(&dotted), "{dotted}");
    }
}
