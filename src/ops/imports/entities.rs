//! Entities of XML and HTML, as lists and guides have them: also names that only HTML knows, and
//! texts that were encoded twice. Nothing a document defines is used, so no text grows by being
//! read.

use std::borrow::Cow;

/// How often a text is decoded at most: guides are made of pages whose texts were encoded before.
const TIMES_MAX: usize = 3;
/// How far behind an `&` its `;` may be, in bytes.
const NAME_BYTES_MAX: usize = 12;

/// Names of the letters from U+00A0 on, in their order.
#[rustfmt::skip]
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave",
    "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml",
    "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig",
    "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth",
    "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
    "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

#[rustfmt::skip]
const OTHERS: &[(&str, char)] = &[
    ("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''),
    ("OElig", '\u{152}'), ("oelig", '\u{153}'), ("Scaron", '\u{160}'), ("scaron", '\u{161}'),
    ("Yuml", '\u{178}'), ("fnof", '\u{192}'), ("circ", '\u{2c6}'), ("tilde", '\u{2dc}'),
    ("Alpha", '\u{391}'), ("Beta", '\u{392}'), ("Gamma", '\u{393}'), ("Delta", '\u{394}'),
    ("Epsilon", '\u{395}'), ("Zeta", '\u{396}'), ("Eta", '\u{397}'), ("Theta", '\u{398}'),
    ("Iota", '\u{399}'), ("Kappa", '\u{39a}'), ("Lambda", '\u{39b}'), ("Mu", '\u{39c}'),
    ("Nu", '\u{39d}'), ("Xi", '\u{39e}'), ("Omicron", '\u{39f}'), ("Pi", '\u{3a0}'),
    ("Rho", '\u{3a1}'), ("Sigma", '\u{3a3}'), ("Tau", '\u{3a4}'), ("Upsilon", '\u{3a5}'),
    ("Phi", '\u{3a6}'), ("Chi", '\u{3a7}'), ("Psi", '\u{3a8}'), ("Omega", '\u{3a9}'),
    ("alpha", '\u{3b1}'), ("beta", '\u{3b2}'), ("gamma", '\u{3b3}'), ("delta", '\u{3b4}'),
    ("epsilon", '\u{3b5}'), ("zeta", '\u{3b6}'), ("eta", '\u{3b7}'), ("theta", '\u{3b8}'),
    ("iota", '\u{3b9}'), ("kappa", '\u{3ba}'), ("lambda", '\u{3bb}'), ("mu", '\u{3bc}'),
    ("nu", '\u{3bd}'), ("xi", '\u{3be}'), ("omicron", '\u{3bf}'), ("pi", '\u{3c0}'),
    ("rho", '\u{3c1}'), ("sigmaf", '\u{3c2}'), ("sigma", '\u{3c3}'), ("tau", '\u{3c4}'),
    ("upsilon", '\u{3c5}'), ("phi", '\u{3c6}'), ("chi", '\u{3c7}'), ("psi", '\u{3c8}'),
    ("omega", '\u{3c9}'), ("thetasym", '\u{3d1}'), ("upsih", '\u{3d2}'), ("piv", '\u{3d6}'),
    ("ensp", '\u{2002}'), ("emsp", '\u{2003}'), ("thinsp", '\u{2009}'), ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'), ("lrm", '\u{200e}'), ("rlm", '\u{200f}'), ("ndash", '\u{2013}'),
    ("mdash", '\u{2014}'), ("lsquo", '\u{2018}'), ("rsquo", '\u{2019}'), ("sbquo", '\u{201a}'),
    ("ldquo", '\u{201c}'), ("rdquo", '\u{201d}'), ("bdquo", '\u{201e}'), ("dagger", '\u{2020}'),
    ("Dagger", '\u{2021}'), ("bull", '\u{2022}'), ("hellip", '\u{2026}'), ("permil", '\u{2030}'),
    ("prime", '\u{2032}'), ("Prime", '\u{2033}'), ("lsaquo", '\u{2039}'), ("rsaquo", '\u{203a}'),
    ("oline", '\u{203e}'), ("frasl", '\u{2044}'), ("euro", '\u{20ac}'), ("image", '\u{2111}'),
    ("weierp", '\u{2118}'), ("real", '\u{211c}'), ("trade", '\u{2122}'), ("alefsym", '\u{2135}'),
    ("larr", '\u{2190}'), ("uarr", '\u{2191}'), ("rarr", '\u{2192}'), ("darr", '\u{2193}'),
    ("harr", '\u{2194}'), ("crarr", '\u{21b5}'), ("lArr", '\u{21d0}'), ("uArr", '\u{21d1}'),
    ("rArr", '\u{21d2}'), ("dArr", '\u{21d3}'), ("hArr", '\u{21d4}'), ("forall", '\u{2200}'),
    ("part", '\u{2202}'), ("exist", '\u{2203}'), ("empty", '\u{2205}'), ("nabla", '\u{2207}'),
    ("isin", '\u{2208}'), ("notin", '\u{2209}'), ("ni", '\u{220b}'), ("prod", '\u{220f}'),
    ("sum", '\u{2211}'), ("minus", '\u{2212}'), ("lowast", '\u{2217}'), ("radic", '\u{221a}'),
    ("prop", '\u{221d}'), ("infin", '\u{221e}'), ("ang", '\u{2220}'), ("and", '\u{2227}'),
    ("or", '\u{2228}'), ("cap", '\u{2229}'), ("cup", '\u{222a}'), ("int", '\u{222b}'),
    ("there4", '\u{2234}'), ("sim", '\u{223c}'), ("cong", '\u{2245}'), ("asymp", '\u{2248}'),
    ("ne", '\u{2260}'), ("equiv", '\u{2261}'), ("le", '\u{2264}'), ("ge", '\u{2265}'),
    ("sub", '\u{2282}'), ("sup", '\u{2283}'), ("nsub", '\u{2284}'), ("sube", '\u{2286}'),
    ("supe", '\u{2287}'), ("oplus", '\u{2295}'), ("otimes", '\u{2297}'), ("perp", '\u{22a5}'),
    ("sdot", '\u{22c5}'), ("lceil", '\u{2308}'), ("rceil", '\u{2309}'), ("lfloor", '\u{230a}'),
    ("rfloor", '\u{230b}'), ("lang", '\u{2329}'), ("rang", '\u{232a}'), ("loz", '\u{25ca}'),
    ("spades", '\u{2660}'), ("clubs", '\u{2663}'), ("hearts", '\u{2665}'), ("diams", '\u{2666}'),
];

/// What Windows-1252 has where Unicode has control signs; numbers of entities often mean these.
#[rustfmt::skip]
const WINDOWS: [char; 32] = [
    '\u{20ac}', ' ', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', ' ', '\u{17d}', ' ',
    ' ', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', ' ', '\u{17e}', '\u{178}',
];

/// A text with its entities decoded, as often as it was encoded. What is no entity stays as it is
/// written.
pub fn decoded(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..TIMES_MAX {
        match once(&text) {
            Some(better) => text = Cow::Owned(better),
            None => break,
        }
    }
    text
}

/// Decoded once; `None`: there is nothing to decode.
fn once(text: &str) -> Option<String> {
    if !text.contains('&') {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_other = false;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        rest = match named(after).and_then(|(name, rest)| Some((letter(name)?, rest))) {
            Some((letter, rest)) => {
                is_other = true;
                plain.push(letter);
                rest
            }
            None => {
                plain.push('&');
                after
            }
        };
    }
    plain.push_str(rest);
    is_other.then_some(plain)
}

/// The name of an entity up to its `;`, and what follows.
fn named(text: &str) -> Option<(&str, &str)> {
    let mut front = text.bytes().take(NAME_BYTES_MAX);
    let end = front.position(|byte| byte == b';')?;
    let (name, rest) = text.split_at_checked(end)?;
    Some((name, rest.get(1..)?))
}

/// The letter that an entity stands for.
fn letter(name: &str) -> Option<char> {
    if let Some(digits) = name.strip_prefix('#') {
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => digits.parse().ok()?,
        };
        let windows = number
            .checked_sub(0x80)
            .and_then(|at| usize::try_from(at).ok());
        let windows = windows.and_then(|at| WINDOWS.get(at));
        return windows.copied().or_else(|| char::from_u32(number));
    }
    let known = |name: &str| {
        if let Some((_, letter)) = OTHERS.iter().find(|(known, _)| *known == name) {
            return Some(*letter);
        }
        let at = LATIN.iter().position(|known| *known == name)?;
        char::from_u32(u32::try_from(at).ok()?.checked_add(0xa0)?)
    };
    // `&AMP;` and `&NBSP;` are met; `&Eacute;` is another letter than `&eacute;`.
    known(name).or_else(|| known(&name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::decoded;
    use proptest::prelude::*;

    #[test]
    fn entities_are_letters() {
        for (text, plain) in [
            ("Tom &amp; Jerry", "Tom & Jerry"),
            (
                "L&#039;amour est dans le pr&eacute;",
                "L'amour est dans le pré",
            ),
            ("L&amp;#039;&amp;eacute;mission", "L'émission"),
            ("Rock &amp;amp;amp; Roll", "Rock & Roll"),
            ("&Eacute;t&eacute; &AMP; &NBSP;", "Été & \u{a0}"),
            ("&hellip;&mdash;&euro;&ouml;&szlig;&yuml;", "…—€öß\u{ff}"),
            ("it&#146;s &#x2019;", "it’s ’"),
            (
                "Tom & Jerry; R&D &unknown; &; &#; &#x110000;",
                "Tom & Jerry; R&D &unknown; &; &#; &#x110000;",
            ),
        ] {
            assert_eq!(decoded(text), plain, "{text}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_texts_never_grow(text in "(&|;|amp|#|x4|nbsp|[ -~é]{0,4}){0,40}") {
            prop_assert!(decoded(&text).len() <= text.len());
        }
    }
}
