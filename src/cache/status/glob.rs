//! One pattern with the rules of shells, matched in a time that is bounded by what it is and what it is held against.

use core::iter::Peekable;
use core::str::Chars;

/// A pattern, in segments between slashes. No wildcard stands for a slash, so the segments of a text are found one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    segments: Vec<Vec<Token>>,
}

/// What stands for something in a text. Letters are small.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This letter.
    Letter(char),
    /// `?`: any one.
    Any,
    /// `*`: any number of any.
    Star,
    /// `[a-z0]`, `[!x]`, `[^x]`: one of these, or one of all others.
    Class { ranges: Vec<(char, char)>, is_negated: bool },
}

impl Glob {
    /// Reads a pattern; the error says what is wrong.
    pub(super) fn new(text: &str) -> Result<Self, &'static str> {
        let mut letters = text.chars().peekable();
        let mut segments = vec![Vec::new()];
        while let Some(letter) = letters.next() {
            let segment = segments.last_mut().expect("there is one from the beginning");
            match letter {
                '/' => segments.push(Vec::new()),
                '?' => segment.push(Token::Any),
                // Two in a row are as good as one.
                '*' if segment.last() == Some(&Token::Star) => {}
                '*' => segment.push(Token::Star),
                '[' => segment.push(class(&mut letters)?),
                letter => segment.push(Token::Letter(letter.to_ascii_lowercase())),
            }
        }
        Ok(Self { segments })
    }

    /// Whether it is a pattern of the whole text.
    pub(super) fn finds(&self, text: &str) -> bool {
        self.steps(text).0
    }

    /// The same, and how many letters were compared for it.
    fn steps(&self, text: &str) -> (bool, usize) {
        let mut steps = 0;
        let mut parts = text.split('/');
        let found =
            self.segments.iter().all(|segment| parts.next().is_some_and(|part| finds(segment, part, &mut steps)));
        (found && parts.next().is_none(), steps)
    }
}

/// Whether a segment finds a part. Each star takes as little as it can, and only the last one is ever given more: an earlier one
/// that took more would leave less to those behind it, and nothing else. So no letter is compared more often than there are tokens.
fn finds(tokens: &[Token], part: &str, steps: &mut usize) -> bool {
    let (mut token, mut rest) = (0, part.chars());
    // Behind the last star: the token, and the text that is left if the star takes one letter more.
    let mut retry: Option<(usize, Chars<'_>)> = None;
    loop {
        *steps += 1;
        if tokens.get(token) == Some(&Token::Star) {
            token += 1;
            let mut after = rest.clone();
            retry = after.next().map(|_| (token, after));
            continue;
        }
        let letter = rest.next();
        let goes_on = match (tokens.get(token), letter) {
            (None, None) => return true,
            (Some(token), Some(letter)) => token.is(letter),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if goes_on {
            token += 1;
            continue;
        }
        let Some((behind, after)) = &mut retry else { return false };
        (token, rest) = (*behind, after.clone());
        if after.next().is_none() {
            retry = None;
        }
    }
}

impl Token {
    fn is(&self, letter: char) -> bool {
        match self {
            Self::Any | Self::Star => true,
            Self::Letter(own) => *own == letter.to_ascii_lowercase(),
            Self::Class { ranges, is_negated } => {
                let cases = [letter, letter.to_ascii_lowercase(), letter.to_ascii_uppercase()];
                let is_among = |letter| ranges.iter().any(|(first, last)| (first..=last).contains(&letter));
                cases.iter().any(is_among) != *is_negated
            }
        }
    }
}

/// What stands between brackets; a closing one right at the beginning is one of the class.
fn class(letters: &mut Peekable<Chars<'_>>) -> Result<Token, &'static str> {
    const OPEN: &str = "a bracket that is opened must be closed";
    let is_negated = letters.next_if(|letter| ['!', '^'].contains(letter)).is_some();
    let mut ranges = Vec::new();
    loop {
        let first = letters.next().ok_or(OPEN)?;
        if first == ']' && !ranges.is_empty() {
            return Ok(Token::Class { ranges, is_negated });
        }
        let mut ahead = letters.clone();
        let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|letter| letter != ']');
        let last = if is_range { letters.nth(1).ok_or(OPEN)? } else { first };
        if last < first {
            return Err("a range must ascend");
        }
        ranges.push((first, last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_what_shells_find() {
        for (pattern, found, not) in [
            ("", &[""][..], &["a", "/"][..]),
            ("web", &["web", "WEB"], &["we", "webs", "xweb", "web/0"]),
            ("WEB", &["web", "Web"], &["vveb"]),
            ("web*", &["web", "webs", "web-1"], &["web/0", "we"]),
            ("*/0", &["web/0", "/0"], &["web/00", "0", "a/b/0"]),
            ("*/*/*", &["0/lxd/1"], &["0/lxd", "0/lxd/1/2"]),
            ("**", &["", "web"], &["a/b"]),
            ("?", &["a", "é"], &["", "ab", "/"]),
            ("a*b*c", &["abc", "axbxc", "abbcc", "abcbc"], &["ab", "acb", "a/bc"]),
            ("*ab", &["ab", "aab", "abab"], &["aba", "b"]),
            ("a?*?z", &["abcz", "abbbz"], &["abz", "az"]),
            ("[a-c]x", &["ax", "Bx", "cX"], &["dx", "x", "-x"]),
            ("[A-C]", &["a", "C"], &["d"]),
            ("[!a-c]", &["d", "!"], &["a", "B", "", "/"]),
            ("[^a]", &["b"], &["a", "A"]),
            ("[]x]", &["]", "x"], &["[", ""]),
            ("[!]]", &["x"], &["]"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("[a/b]", &["a", "b"], &["/"]),
            ("[*]", &["*"], &["x"]),
            (".*", &[".hidden"], &["shown"]),
        ] {
            let glob = Glob::new(pattern).unwrap();
            for text in found {
                assert!(glob.finds(text), "{pattern:?} should find {text:?}");
            }
            for text in not {
                assert!(!glob.finds(text), "{pattern:?} should not find {text:?}");
            }
        }
        for wrong in ["[", "[a", "[]", "[!]", "[!", "x[a-", "[z-a]"] {
            assert!(Glob::new(wrong).is_err(), "{wrong:?} is no pattern");
        }
    }

    #[test]
    fn no_pattern_costs_more_than_its_length_times_the_texts() {
        let text = "a".repeat(200);
        for pattern in
            ["*?".repeat(60) + "!", "*a".repeat(60) + "!", "*".repeat(60) + "!", "*aaaaaaaaaaaaaaaa!".repeat(6)]
        {
            let (found, steps) = Glob::new(&pattern).unwrap().steps(&text);
            assert!(!found);
            let most = (pattern.len() + 1) * (text.len() + 1);
            assert!(steps <= most, "{pattern:?} took {steps} steps, expected at most {most}");
        }
    }

    proptest::proptest! {
        /// The rules once more, said as simply as can be: what the first token stands for, then the rest.
        #[test]
        fn it_agrees_with_the_rules_read_one_by_one(pattern in "[ab*?/]{0,8}", text in "[ab/]{0,8}") {
            fn plain(pattern: &[u8], text: &[u8]) -> bool {
                match (pattern, text) {
                    ([], []) => true,
                    ([b'*', rest @ ..], _) => {
                        plain(rest, text) || text.first().is_some_and(|it| *it != b'/') && plain(pattern, &text[1..])
                    }
                    ([b'?', rest @ ..], [letter, left @ ..]) => *letter != b'/' && plain(rest, left),
                    ([own, rest @ ..], [letter, left @ ..]) => own == letter && plain(rest, left),
                    (_, []) | ([], _) => false,
                }
            }
            let expected = plain(pattern.as_bytes(), text.as_bytes());
            proptest::prop_assert_eq!(Glob::new(&pattern).unwrap().finds(&text), expected);
        }
    }
}
